package desk

import (
	"context"
	"log/slog"
	"time"

	"certdesk/flows"
)

// Door makes what somebody scans, or opens, to be heard on a channel as
// [flows.Followed] with a scene, for that long. Picture is the address of the code
// as a picture, where the channel has one.
type Door func(ctx context.Context, scene string, life time.Duration) (url, picture flows.Secret, err error)

// offerJoin makes a code, and what is scanned instead of saying it. A channel that
// makes none now is not asked again: the code can be said.
func (d *Desk) offerJoin(ctx context.Context, ref Ref, to flows.Channel) error {
	code, err := NewTicket()
	if err != nil {
		return err
	}
	life := flows.JoinWithin / time.Duration(d.cfg.Hurry)
	offer := flows.JoinReady{Code: code, Until: d.cfg.Now().Add(life)}
	if door := d.cfg.Partners.Doors[to]; door != nil {
		url, picture, err := door(ctx, flows.JoinScene(code), life)
		if err == nil {
			offer.To, offer.URL, offer.Picture = to, url, picture
		} else {
			d.cfg.Log.Warn("a code to go on elsewhere can only be said", slog.String("channel", string(to)), slog.Any("error", err))
		}
	}
	return d.cfg.Ledger.OfferJoin(ctx, ref, offer, d.cfg.Now())
}
