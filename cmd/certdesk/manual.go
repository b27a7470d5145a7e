package main

import (
	"fmt"
	"io"
	"os"

	"certdesk/bot"
	"certdesk/flows"
)

// manualCommand prints the operations manual as the service obeys it.
type manualCommand struct {
	Mermaid  bool   `help:"Print the diagrams, one for each chapter." xor:"what"`
	Check    bool   `help:"Print the manual's faults; exit with 1 when there are any." xor:"what"`
	Coverage bool   `help:"Print what has become of each line of the manual, and the counts." xor:"what"`
	Phone    string `help:"Certificate service phone said with every help." env:"CERTDESK_SERVICE_PHONE" default:"400-0878-198"`
}

// Run prints what was asked for.
func (m manualCommand) Run() error { return m.print(os.Stdout) }

func (m manualCommand) print(w io.Writer) error {
	f := flows.Manual(m.Phone)
	switch {
	case m.Check:
		return m.check(w, f)
	case m.Mermaid:
		return m.diagrams(w, f)
	case m.Coverage:
		_, err := io.WriteString(w, flows.Report(f.Coverage()))
		return err
	}
	_, err := io.WriteString(w, f.Markdown())
	return err
}

// check prints one fault a line. Which states earlier releases knew is checked
// by the tests of flows, where their list is.
func (manualCommand) check(w io.Writer, f *flows.Flow) error {
	faults := f.Check(nil, bot.MaxText)
	for _, fault := range faults {
		if _, err := fmt.Fprintln(w, fault); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("manual: %d faults", len(faults))
	}
	return nil
}

// diagrams prints one chapter after the other.
func (manualCommand) diagrams(w io.Writer, f *flows.Flow) error {
	for _, c := range f.Chapters {
		if _, err := fmt.Fprintf(w, "%%%% %s\n%s\n", c.Title, f.Mermaid(c)); err != nil {
			return err
		}
	}
	return nil
}
