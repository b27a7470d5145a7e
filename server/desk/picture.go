package desk

import (
	"context"
	"log/slog"

	"certdesk/flows"
)

// Eyes read what is printed on pictures.
type Eyes interface {
	// Read returns the words on a picture that a person has sent, a line each.
	// Of the picture nothing is kept.
	Read(ctx context.Context, picture flows.Secret) (text flows.Secret, err error)
}

// readPicture reports what a page asks for and a picture shows; whatever else is
// on it, an identity card perhaps, goes no further. Reading saves typing and no
// more, so what cannot be read is told at once and not tried again.
func (d *Desk) readPicture(ctx context.Context, ref Ref, e flows.ReadPicture) error {
	read := flows.PictureRead{Page: e.Page}
	if d.cfg.Partners.Eyes != nil {
		text, err := d.cfg.Partners.Eyes.Read(ctx, e.Picture)
		if err != nil && ctx.Err() != nil {
			return err // we are stopping
		}
		if err != nil {
			d.cfg.Log.Warn("a picture was not read", slog.String("effect", ref.String()), slog.Any("error", err))
		}
		read.Found = d.cfg.Flow.FindOn(e.Page, text.Reveal(), d.cfg.Now())
	}
	return d.answer(ctx, ref, read)
}
