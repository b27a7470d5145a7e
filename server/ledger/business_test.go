package ledger

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
	"certdesk/server/sealed"
)

// books is the ledger as the suites ask for it.
type books struct{ *Ledger }

// Told implements [desktest.Ledger].
func (b books) Told(ctx context.Context, talk desk.TalkID) (map[string]flows.Happening, error) {
	var rows []reportRow
	if err := b.read.NewSelect().Model(&rows).Where("talk = ?", talk).Scan(ctx); err != nil {
		return nil, err
	}
	all := map[string]flows.Happening{}
	for _, row := range rows {
		box, err := base64.StdEncoding.DecodeString(row.Sealed)
		if err != nil {
			return nil, err
		}
		if all[row.ID], err = sealed.DecodeHappening(b.cfg.Keys, reportPlace(row.ID), box); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func openBooks(t *testing.T) desktest.Ledger {
	t.Helper()
	return books{open(t)}
}

func TestTransfers(t *testing.T) {
	onEach(t, func(t *testing.T) { desktest.Transfers(t, openBooks) })
}

func TestGrants(t *testing.T) {
	onEach(t, func(t *testing.T) { desktest.Grants(t, openBooks) })
}

func TestPayouts(t *testing.T) {
	onEach(t, func(t *testing.T) { desktest.Payouts(t, openBooks) })
}

func TestOrders(t *testing.T) {
	onEach(t, func(t *testing.T) { desktest.Orders(t, openBooks) })
}

func TestParcels(t *testing.T) {
	onEach(t, func(t *testing.T) { desktest.Parcels(t, openBooks) })
}

func TestCertificates(t *testing.T) {
	onEach(t, func(t *testing.T) { desktest.Certificates(t, openBooks) })
}

func TestEndings(t *testing.T) {
	onEach(t, func(t *testing.T) { desktest.Endings(t, openBooks) })
}

func TestPhones(t *testing.T) {
	onEach(t, func(t *testing.T) { desktest.Phones(t, openBooks) })
}

func TestRetention(t *testing.T) {
	onEach(t, func(t *testing.T) {
		desktest.Retention(t, func(t *testing.T) desktest.Ledger {
			cfg := config(t)
			cfg.Now, cfg.Retention = func() time.Time { return desktest.Noon }, Retention(desktest.Kept)
			return books{openWith(t, cfg)}
		})
	})
}
