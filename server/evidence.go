package server

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
)

// Evidence writes what is kept of an order or a talk, one JSON object a line,
// oldest first, and at last the SHA-256 of all lines before. By is who asks, for
// the audit trail. A number that is nobody's is an error that says so.
func (s *Server) Evidence(ctx context.Context, w io.Writer, number, by string) error {
	records, err := s.book.Evidence(ctx, number, by, s.now())
	if err != nil {
		return err
	}
	sum := sha256.New()
	lines := json.NewEncoder(io.MultiWriter(w, sum))
	lines.SetEscapeHTML(false)
	for _, r := range records {
		if err := lines.Encode(r); err != nil {
			return fmt.Errorf("server: evidence: %w", err)
		}
	}
	_, err = fmt.Fprintf(w, "{\"sha256\":\"%x\"}\n", sum.Sum(nil))
	return err
}
