package smstest

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

// delayBy is how late a delayed message is, before it is divided by Hurry.
const delayBy = time.Minute

// faultNames are what can go wrong. The first four spoil messages on the way:
// delivered twice, a minute late, lost, overtaken by the next one. "500"
// answers a call without doing it; "timeout" does it and never answers.
var faultNames = []string{"duplicate", "delay", "drop", "reorder", "500", "timeout"}

// Fault makes the next times occasions go wrong. It refuses an unknown name.
func (s *Service) Fault(name string, times int) error {
	if !slices.Contains(faultNames, name) {
		return fmt.Errorf("smstest: no fault %q, only %v", name, faultNames)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[name] = max(times, 0)
	return nil
}

func (s *Service) taken(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(name)
}

// take uses up one occasion of a fault. The caller holds the lock.
func (s *Service) take(name string) bool {
	if s.faults[name] == 0 {
		return false
	}
	s.faults[name]--
	return true
}

func (s *Service) file() string { return filepath.Join(s.cfg.Dir, "sms.json") }

func (s *Service) load() error {
	if s.cfg.Dir == "" {
		return nil
	}
	data, err := os.ReadFile(s.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("smstest: state: %w", err)
	}
	if err := json.Unmarshal(data, &s.state); err != nil {
		return fmt.Errorf("smstest: state: %w", err)
	}
	return nil
}

// save writes the books. The caller holds the lock.
func (s *Service) save() error {
	if s.cfg.Dir == "" {
		return nil
	}
	data, err := json.Marshal(s.state)
	if err != nil {
		return fmt.Errorf("smstest: state: %w", err)
	}
	fresh := s.file() + ".new"
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		return fmt.Errorf("smstest: state: %w", err)
	}
	if err := os.Rename(fresh, s.file()); err != nil {
		return fmt.Errorf("smstest: state: %w", err)
	}
	return nil
}
