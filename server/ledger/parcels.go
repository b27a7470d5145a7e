package ledger

// Parcels: a paid order is shipped once, and the courier's lines about it are
// taken in any order, each once.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type shipmentRow struct {
	bun.BaseModel `bun:"table:shipment"`

	Number      string            `bun:"number,pk"`
	OrderNo     string            `bun:"order_no"`
	Talk        desk.TalkID       `bun:"talk"`
	Waybill     string            `bun:"waybill"`
	State       flows.ParcelState `bun:"state"`
	At          int64             `bun:"at"`
	BookedAt    int64             `bun:"booked_at"`
	ShippedAt   int64             `bun:"shipped_at"`
	ForgottenAt int64             `bun:"forgotten_at"` // when the address went
}

type scanRow struct {
	bun.BaseModel `bun:"table:scan"`

	Shipment string `bun:"shipment,pk"`
	ID       string `bun:"id,pk"`
	Sealed   string `bun:"sealed"`
	At       int64  `bun:"at"`
}

// goods is what the courier's label says.
const goods = "UKey"

// OpenShipment implements [desk.Parcels]. Without a paid order it is
// [desk.ErrUnknown].
func (l *Ledger) OpenShipment(ctx context.Context, ref desk.Ref, at time.Time) (flows.Parcel, error) {
	var parcel flows.Parcel
	booked := false
	err := l.tx(ctx, func(ctx context.Context, tx txn) error {
		order, err := l.liveOrder(ctx, tx, ref.Talk)
		if err != nil {
			return err
		}
		if order.State != orderPaid {
			return fmt.Errorf("ledger: parcel of order %s: not paid: %w", order.No, desk.ErrUnknown)
		}
		row, err := l.shipment(ctx, tx, "order_no", order.No)
		if errors.Is(err, desk.ErrUnknown) {
			row, err = l.newShipment(ctx, tx, order, at)
		}
		if err != nil {
			return err
		}
		if booked = row.BookedAt != 0; booked {
			return l.answerProgress(ctx, tx, ref, row, at)
		}
		form, err := l.termsOf(order)
		parcel = flows.Parcel{Number: row.Number, To: recipient(form), Goods: goods}
		return err
	})
	if err == nil && booked {
		err = fmt.Errorf("ledger: parcel of %s: booked: %w", ref.Talk, desk.ErrUsed)
	}
	return parcel, err
}

func recipient(form flows.Form) flows.Recipient {
	return flows.Recipient{
		Name: form[flows.KeyRecipient], Mobile: form[flows.KeyToMobile], Landline: form[flows.KeyLandline],
		Province: form.Text(flows.KeyProvince), City: form.Text(flows.KeyCity), District: form.Text(flows.KeyDistrict),
		Detail: form[flows.KeyDetail],
	}
}

func (l *Ledger) newShipment(ctx context.Context, tx txn, order orderRow, at time.Time) (shipmentRow, error) {
	number, err := numbered("S", second, at, 10)
	if err != nil {
		return shipmentRow{}, err
	}
	row := shipmentRow{Number: number, OrderNo: order.No, Talk: order.Talk, At: millis(at)}
	fresh, err := once(ctx, tx, &row)
	if err == nil && !fresh {
		err = fmt.Errorf("ledger: parcel of order %s: %w", order.No, errTaken)
	}
	return row, err
}

// answerProgress tells how far a booked parcel is.
func (l *Ledger) answerProgress(ctx context.Context, tx txn, ref desk.Ref, row shipmentRow, at time.Time) error {
	scans, err := l.scans(ctx, tx, row.Number)
	if err != nil {
		return err
	}
	where := ""
	if len(scans) > 0 {
		where = scans[len(scans)-1].Line()
	}
	return l.answer(ctx, tx, ref, progress(row, where), at)
}

func progress(row shipmentRow, where string) flows.Happening {
	switch {
	case row.State == flows.ParcelBooked:
		return flows.Booked{Waybill: row.Waybill}
	case row.State == flows.ParcelDelivered:
		return flows.Delivered{Where: where}
	case troubled(row.State):
		return flows.ParcelTrouble{Where: where}
	}
	return flows.Shipped{Waybill: row.Waybill}
}

// ShipmentBooked implements [desk.Parcels]. The first waybill stays.
func (l *Ledger) ShipmentBooked(ctx context.Context, ref desk.Ref, number, waybill string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		row, err := l.shipment(ctx, tx, "number", number)
		if err != nil {
			return err
		}
		if row.BookedAt != 0 {
			return l.answerProgress(ctx, tx, ref, row, at)
		}
		row.Waybill, row.BookedAt = waybill, millis(at)
		row.State = cmp.Or(row.State, flows.ParcelBooked) // a line may have been quicker
		if _, err := tx.NewUpdate().Model(&row).Column("waybill", "state", "booked_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("ledger: parcel %s: %w", number, err)
		}
		booked := flows.Booked{Waybill: waybill}
		return errors.Join(
			l.ask(ctx, tx, desk.Poll{Partner: desk.PartnerCourier, Number: number, Talk: row.Talk, Since: at}),
			l.learned(ctx, tx, row.Talk, booked, at),
			l.answer(ctx, tx, ref, booked, at),
		)
	})
}

// shipment finds a parcel by one of its unique columns, or
// [desk.ErrUnknown].
func (l *Ledger) shipment(ctx context.Context, db bun.IDB, column, value string) (shipmentRow, error) {
	var row shipmentRow
	err := db.NewSelect().Model(&row).Where("? = ?", bun.Ident(column), value).Scan(ctx)
	return row, found(err, "parcel "+value)
}

// parcelFacts reads how far the parcel of an order is.
func (l *Ledger) parcelFacts(ctx context.Context, db bun.IDB, orderNo string, f *flows.Facts) error {
	row, err := l.shipment(ctx, db, "order_no", orderNo)
	if errors.Is(err, desk.ErrUnknown) {
		return nil
	}
	f.Shipped, f.Delivered = row.ShippedAt != 0, row.State == flows.ParcelDelivered
	return err
}
