package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"certdesk/server"
)

type codeCommand struct {
	Project string `arg:"" help:"The project's number, 1 to 64 characters; it is kept with every order of who comes by the code."`
	Days    int    `help:"How long the code is good, at most 30; one that is printed is good for ever." default:"0"`
	Picture string `help:"Where to write the code as a PNG picture." placeholder:"FILE" type:"path"`
}

// Run makes the code and says where it leads.
func (k codeCommand) Run(ctx context.Context) error {
	return withService(ctx, func(service *server.Server) error {
		address, picture, err := service.EntryCode(ctx, k.Project, time.Duration(k.Days)*24*time.Hour)
		if err != nil {
			return err
		}
		if k.Picture != "" {
			if err := os.WriteFile(k.Picture, picture, 0o644); err != nil { //nolint:gosec // it is to be printed
				return err
			}
		}
		fmt.Println(address)
		return nil
	})
}
