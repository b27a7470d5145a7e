package main

import (
	"context"
	"fmt"
	"os"

	"certdesk/server"
)

type branchesCommand struct {
	Import branchesImportCommand `cmd:"" help:"Enter a list of banks' branches: CSV with the columns of deploy/branches.sample.csv, in UTF-8 or GB18030. A known branch becomes as the list has it; one that is not listed stays."`
}

type branchesImportCommand struct {
	File string `arg:"" help:"The list." type:"existingfile"`
	By   string `help:"Who brings it, for the audit trail." env:"SUDO_USER,USER" required:""`
}

// Run enters the list and says how long it was.
func (b branchesImportCommand) Run(ctx context.Context) error {
	file, err := os.Open(b.File)
	if err != nil {
		return err
	}
	defer file.Close()
	return withService(ctx, func(service *server.Server) error {
		listed, known, err := service.ImportBranches(ctx, file, b.By)
		if err != nil {
			return err
		}
		fmt.Printf("%d branches entered, %d are known.\n", listed, known)
		return nil
	})
}
