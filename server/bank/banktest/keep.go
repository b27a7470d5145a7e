package banktest

// What the stand-in remembers: the faults it was told to make, in memory, and
// its books, in one file that is replaced as a whole so that a kill leaves the
// old one or the new one.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// delayBy is how late statements show a delayed line, before it is divided by
// Hurry.
const delayBy = 5 * time.Minute

// faultNames are what can go wrong. The next transfer with "delay" is booked at
// once and shown five minutes later, under the time it was booked at; with
// "duplicate" every statement has it twice. "500" and "timeout" spoil the
// fetching of a statement.
var faultNames = []string{"duplicate", "delay", "500", "timeout"}

// Fault makes the next times occasions go wrong. It refuses an unknown name.
func (b *Bank) Fault(name string, times int) error {
	if !slices.Contains(faultNames, name) {
		return fmt.Errorf("banktest: no fault %q, only %v", name, faultNames)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults[name] = max(times, 0)
	return nil
}

func (b *Bank) taken(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.take(name)
}

// take uses up one occasion of a fault. The caller holds the lock.
func (b *Bank) take(name string) bool {
	if b.faults[name] == 0 {
		return false
	}
	b.faults[name]--
	return true
}

func (b *Bank) file() string { return filepath.Join(b.cfg.Dir, "bank.json") }

func (b *Bank) load() error {
	if b.cfg.Dir == "" {
		return nil
	}
	data, err := os.ReadFile(b.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("banktest: state: %w", err)
	}
	if err := json.Unmarshal(data, &b.state); err != nil {
		return fmt.Errorf("banktest: state: %w", err)
	}
	return nil
}

// save writes the books. The caller holds the lock.
func (b *Bank) save() error {
	if b.cfg.Dir == "" {
		return nil
	}
	data, err := json.Marshal(b.state)
	if err != nil {
		return fmt.Errorf("banktest: state: %w", err)
	}
	fresh := b.file() + ".new"
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		return fmt.Errorf("banktest: state: %w", err)
	}
	if err := os.Rename(fresh, b.file()); err != nil {
		return fmt.Errorf("banktest: state: %w", err)
	}
	return nil
}
