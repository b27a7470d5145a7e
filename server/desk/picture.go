package desk

import (
	"context"
	"log/slog"
	"time"

	"certdesk/flows"
)

// Eyes read what is printed on pictures.
type Eyes interface {
	// Read returns the words on a picture that a person has sent, a line each.
	// Of the picture nothing is kept.
	Read(ctx context.Context, picture flows.Secret) (text flows.Secret, err error)
}

// looksFor is how long somebody waits who was told to wait.
const looksFor = 12 * time.Second

// readPicture reports what a page asks for and a picture shows; whatever else is
// on it, an identity card perhaps, goes no further. Reading saves typing and no
// more, so what cannot be read is told at once and not tried again.
func (d *Desk) readPicture(ctx context.Context, ref Ref, e flows.ReadPicture) error {
	read := flows.PictureRead{Page: e.Page}
	if d.cfg.Partners.Eyes != nil {
		looking, enough := context.WithTimeout(ctx, looksFor)
		text, err := d.cfg.Partners.Eyes.Read(looking, e.Picture)
		enough()
		if ctx.Err() != nil {
			return ctx.Err() // we are stopping
		}
		if err != nil {
			d.cfg.Log.Warn("a picture was not read", slog.String("effect", ref.String()), slog.Any("error", err))
		}
		read.Found = d.cfg.Flow.FindOn(e.Page, text.Reveal(), d.cfg.Now())
	}
	return d.answer(ctx, ref, read)
}
