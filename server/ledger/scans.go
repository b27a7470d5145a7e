package ledger

// The courier's lines: what a parcel's history means is worked out from all of
// it, so that the order in which lines arrive does not matter.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Scanned implements [desk.Parcels].
func (l *Ledger) Scanned(ctx context.Context, scans []flows.Scan, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		moved := map[string]shipmentRow{}
		for _, s := range scans {
			row, err := l.scanned(ctx, tx, s)
			if errors.Is(err, desk.ErrUnknown) {
				err = l.keep(ctx, tx, letter{ID: "parcel/" + s.ID, Kind: "parcel", Why: "unknown parcel", Body: s}, at)
				if err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
			fresh, err := l.enterScan(ctx, tx, row.Number, s)
			if err != nil {
				return err
			}
			if fresh {
				moved[row.Number] = row
			}
		}
		for _, number := range slices.Sorted(maps.Keys(moved)) {
			if err := l.follow(ctx, tx, moved[number], at); err != nil {
				return err
			}
		}
		return nil
	})
}

// scanned finds the parcel of a line: by our number when the courier gives it,
// otherwise by the waybill.
func (l *Ledger) scanned(ctx context.Context, tx txn, s flows.Scan) (shipmentRow, error) {
	if s.Parcel != "" {
		return l.shipment(ctx, tx, "number", s.Parcel)
	}
	if s.Waybill == "" {
		return shipmentRow{}, desk.ErrUnknown
	}
	return l.shipment(ctx, tx, "waybill", s.Waybill)
}

func (l *Ledger) enterScan(ctx context.Context, tx txn, number string, s flows.Scan) (fresh bool, err error) {
	row := scanRow{Shipment: number, ID: s.ID, At: millis(s.At)}
	if row.Sealed, err = l.seal(scanPlace(row), s); err != nil {
		return false, err
	}
	return once(ctx, tx, &row)
}

// follow draws the conclusions from new lines of a parcel. What each report
// stands for has one identifier, so nothing is told twice.
func (l *Ledger) follow(ctx context.Context, tx txn, row shipmentRow, at time.Time) error {
	scans, err := l.scans(ctx, tx, row.Number)
	if err != nil {
		return err
	}
	all := heard(row, scans)
	row.State = walk(scans)
	if row.ShippedAt == 0 && slices.ContainsFunc(scans, picked) {
		row.ShippedAt = millis(at)
	}
	if _, err := tx.NewUpdate().Model(&row).Column("state", "shipped_at").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("ledger: parcel %s: %w", row.Number, err)
	}
	for _, n := range all {
		if err := l.learned(ctx, tx, row.Talk, n.what, at); err != nil {
			return err
		}
		if err := l.report(ctx, tx, "parcel/"+row.Number+"/"+n.id, row.Talk, n.what, at); err != nil {
			return err
		}
	}
	return nil
}

// news is a report about a parcel, with its name among that parcel's reports.
type news struct {
	id   string
	what flows.Happening
}

// heard is what the applicant is told after new lines: that the parcel is on
// its way, and then one thing, the latest. A line that comes late may change
// where the parcel stands, but where it was is no news.
func heard(was shipmentRow, scans []flows.Scan) []news {
	state, last := walk(scans), scans[len(scans)-1]
	var all []news
	if was.ShippedAt == 0 && slices.ContainsFunc(scans, picked) {
		all = append(all, news{"shipped", flows.Shipped{Waybill: cmp.Or(was.Waybill, last.Waybill)}})
	}
	switch {
	case state == flows.ParcelDelivered && was.State != state:
		return append(all, news{"delivered", flows.Delivered{Where: last.Line()}})
	case troubled(state) && was.State != state, troubled(last.State):
		return append(all, news{"trouble/" + last.ID, flows.ParcelTrouble{Where: last.Line()}})
	case state == flows.ParcelDelivered || sameplace(scans):
		return all
	}
	return append(all, news{"at/" + last.ID, flows.ParcelMoved{Where: last.Line()}})
}

// sameplace reports whether the last line tells nothing that the one before
// did not.
func sameplace(scans []flows.Scan) bool {
	if len(scans) < 2 {
		return false
	}
	a, b := scans[len(scans)-2], scans[len(scans)-1]
	return a.Place == b.Place && a.State == b.State
}

// scans returns the whole history of a parcel, oldest first. Lines of one
// second stand in the order in which a parcel goes, not in which they came.
func (l *Ledger) scans(ctx context.Context, tx txn, number string) ([]flows.Scan, error) {
	var rows []scanRow
	if err := tx.NewSelect().Model(&rows).Where("shipment = ?", number).Scan(ctx); err != nil {
		return nil, fmt.Errorf("ledger: lines of parcel %s: %w", number, err)
	}
	all := make([]flows.Scan, len(rows))
	for i, row := range rows {
		if err := l.unseal(scanPlace(row), row.Sealed, &all[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b flows.Scan) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(slices.Index(stages, a.State), slices.Index(stages, b.State)), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

func scanPlace(row scanRow) string { return "scan/" + row.Shipment + "/" + row.ID }

// stages is the way of a parcel from its sender to its recipient or back.
var stages = []flows.ParcelState{
	flows.ParcelBooked, flows.ParcelPicked, flows.ParcelMoving, flows.ParcelOut, flows.ParcelProblem,
	flows.ParcelReturning, flows.ParcelDelivered, flows.ParcelReturned,
}

// walk is where a parcel is after its history. A delivery is final; on the way
// back, a signature is the sender's.
func walk(scans []flows.Scan) flows.ParcelState {
	state := flows.ParcelBooked
	for _, s := range scans {
		switch state {
		case flows.ParcelDelivered, flows.ParcelReturned:
		case flows.ParcelReturning:
			if s.State == flows.ParcelDelivered || s.State == flows.ParcelReturned {
				state = flows.ParcelReturned
			}
		default:
			state = s.State
		}
	}
	return state
}

// picked reports whether a line shows that the courier has the parcel.
func picked(s flows.Scan) bool {
	return s.State != flows.ParcelBooked && s.State != flows.ParcelProblem
}

// troubled reports whether the parcel does not reach the applicant as it is.
func troubled(s flows.ParcelState) bool {
	return s == flows.ParcelProblem || s == flows.ParcelReturning || s == flows.ParcelReturned
}
