package main

import (
	"context"
	"fmt"
	"os"

	"certdesk/server"
)

type statementCommand struct {
	Import statementImportCommand `cmd:"" help:"Enter what came in according to a statement that was downloaded from the bank: CSV, XLSX or camt.053. Lines that are known are not entered again."`
}

type statementImportCommand struct {
	File string `arg:"" help:"The statement." type:"existingfile"`
	By   string `help:"Who brings it, for the audit trail." env:"SUDO_USER,USER" required:""`
}

// Run enters the file and says what became of its lines.
func (s statementImportCommand) Run(ctx context.Context) error {
	file, err := os.Open(s.File)
	if err != nil {
		return err
	}
	defer file.Close()
	return withService(ctx, func(service *server.Server) error {
		got, err := service.ImportStatement(ctx, file, s.By)
		if err != nil {
			return err
		}
		fmt.Printf("%d matched, %d told as wrong, %d for a person to decide, %d for nobody, %d known before, %d contradicted, %d reversed by the bank.\n",
			got.Matched, got.Wrong, got.Ambiguous, got.Unmatched, got.Known, got.Contradicted, got.Reversed)
		if got.Ambiguous+got.Contradicted > 0 {
			fmt.Println("A supervisor decides at /console/bank.")
		}
		return nil
	})
}
