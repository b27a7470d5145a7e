package couriertest

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
)

// faultNames are what can go wrong. The first four spoil pushes: delivered
// twice, a minute late, lost on the way, newest first. "500" answers a call
// without doing it; "timeout" does it and never answers.
var faultNames = []string{"duplicate", "delay", "drop", "reorder", "500", "timeout"}

// Fault makes the next times occasions go wrong. It refuses an unknown name.
func (c *Courier) Fault(name string, times int) error {
	if !slices.Contains(faultNames, name) {
		return fmt.Errorf("couriertest: no fault %q, only %v", name, faultNames)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[name] = max(times, 0)
	return nil
}

func (c *Courier) taken(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.take(name)
}

// take uses up one occasion of a fault. The caller holds the lock.
func (c *Courier) take(name string) bool {
	if c.faults[name] == 0 {
		return false
	}
	c.faults[name]--
	return true
}

func (c *Courier) file() string { return filepath.Join(c.cfg.Dir, "courier.json") }

func (c *Courier) load() error {
	if c.cfg.Dir == "" {
		return nil
	}
	data, err := os.ReadFile(c.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("couriertest: state: %w", err)
	}
	if err := json.Unmarshal(data, &c.state); err != nil {
		return fmt.Errorf("couriertest: state: %w", err)
	}
	return nil
}

// save writes the books. The caller holds the lock.
func (c *Courier) save() error {
	if c.cfg.Dir == "" {
		return nil
	}
	data, err := json.Marshal(c.state)
	if err != nil {
		return fmt.Errorf("couriertest: state: %w", err)
	}
	fresh := c.file() + ".new"
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		return fmt.Errorf("couriertest: state: %w", err)
	}
	if err := os.Rename(fresh, c.file()); err != nil {
		return fmt.Errorf("couriertest: state: %w", err)
	}
	return nil
}
