package server

import (
	"context"
	"time"
)

// EntryCode makes a code that opens the official account for a project (M1): the
// address that it says, and its picture. It is good for a time of at most thirty
// days, or for ever when that is zero.
func (s *Server) EntryCode(ctx context.Context, project string, good time.Duration) (address string, picture []byte, err error) {
	if address, _, err = s.voice.client.Scene(ctx, project, good); err != nil {
		return "", nil, err
	}
	picture, err = qrPNG(address)
	return address, picture, err
}
