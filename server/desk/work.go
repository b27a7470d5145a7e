package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"certdesk/flows"
)

// What jobs do besides performing effects: deliver reports, ring clocks, poll
// partners, and say what no request waits for.

// Deliver implements [Work]. A report is handed over until its talk has
// decided it and what that led to is in the ledger: whoever waits for a report
// need not write again for it to be acted upon, even when Redis loses the
// decision. Deciding it twice is prevented by its identifier.
func (d *Desk) Deliver(ctx context.Context, report string) error {
	id, event, err := d.cfg.Ledger.Reported(ctx, report)
	if errors.Is(err, ErrUnknown) {
		return nil // accepted before
	}
	if err != nil {
		return err
	}
	if err := d.cfg.Ledger.ReportTurn(ctx, report); err != nil {
		return err
	}
	if err := d.heed(ctx, id, event); err != nil {
		return err
	}
	return d.cfg.Ledger.Accepted(ctx, report, d.cfg.Now())
}

// Ring implements [Work]. Like a report, a clock has rung when what it led to
// is in the ledger.
func (d *Desk) Ring(ctx context.Context, talk TalkID, rung flows.Waited, at time.Time) error {
	name := "clock/" + rung.Entry
	if rung.Nudge > 0 {
		name = fmt.Sprintf("nudge%d/%s", rung.Nudge, rung.Entry)
	}
	return d.heed(ctx, talk, flows.Event{ID: name, At: at, Via: flows.Within, What: rung})
}

// heed decides an event that nobody will send again, and returns when what it
// led to is in the ledger. Nothing to settle may also mean that Redis has lost
// it since: only when the event is then found decided was it there to be
// settled.
func (d *Desk) heed(ctx context.Context, id TalkID, e flows.Event) error {
	if _, err := d.HandleTalk(ctx, id, e); err != nil {
		return err
	}
	for range maxTries {
		if err := d.settle(ctx, id); err != nil {
			return err
		}
		var again Handled
		if _, err := d.handle(ctx, id, e, &again); err != nil {
			return err
		}
		if again.Ended == EndedDuplicate {
			return nil
		}
	}
	return fmt.Errorf("desk: %s: %w", id, ErrBusy)
}

// Poll implements [Work]. It asks more and more seldom: after a quarter of the
// time that has passed already, between three seconds and a quarter of an hour.
func (d *Desk) Poll(ctx context.Context, p Poll) (time.Duration, error) {
	ended, err := d.poll(ctx, p)
	if err != nil || ended {
		return 0, err
	}
	pause := d.cfg.Now().Sub(p.Since) / 4
	hurry := time.Duration(d.cfg.Hurry)
	return min(max(pause, 3*time.Second/hurry, 200*time.Millisecond), 15*time.Minute/hurry), nil
}

func (d *Desk) poll(ctx context.Context, p Poll) (ended bool, err error) {
	if ours, ended, err := d.pollWay(ctx, p); ours {
		return ended, err
	}
	switch p.Partner {
	case PartnerCashier:
		payment, err := d.cfg.Ledger.OpenPaymentOf(ctx, p.Talk)
		if errors.Is(err, ErrUnknown) || payment.Number != p.Number {
			return true, ignore(err, ErrUnknown)
		}
		state, err := d.lookAtPayment(ctx, p.Number, "poll")
		if err == nil && state == flows.TradeOpen && d.cfg.Now().After(payment.Until.Add(payGrace)) {
			return true, d.abandon(ctx, payment)
		}
		return false, err
	case PartnerCourier:
		scans, err := d.cfg.Partners.Courier.Track(ctx, p.Number)
		if err != nil {
			return false, err
		}
		if err := d.cfg.Ledger.Scanned(ctx, scans, d.cfg.Now()); err != nil {
			return false, err
		}
		return finished(scans), nil
	}
	return true, fmt.Errorf("desk: nobody polls %q", p.Partner)
}

// payGrace is how long after its end a payment is still looked for: money of
// the last second is seen late.
const payGrace = 10 * time.Minute

// abandon ends an attempt that nobody paid in time.
func (d *Desk) abandon(ctx context.Context, p Payment) error {
	if err := d.replace(ctx, p.Number); err != nil {
		return err
	}
	return d.cfg.Ledger.SettlePayment(ctx, flows.Trade{Number: p.Number, State: flows.TradeClosed, Amount: p.Amount}, "abandoned", d.cfg.Now())
}

// The partners that are polled.
const (
	PartnerFace    = "face"
	PartnerPayer   = "payer"
	PartnerCashier = "cashier"
	PartnerCourier = "courier"
)

func ignore(err, fact error) error {
	if errors.Is(err, fact) {
		return nil
	}
	return err
}

func finished(scans []flows.Scan) bool {
	for _, s := range scans {
		if s.State == flows.ParcelDelivered || s.State == flows.ParcelReturned {
			return true
		}
	}
	return false
}

// say carries replies to the applicant: on the channel last used, then on the
// others. The owner is looked up again just before: what was decided under
// another one is not said, and the desk sees that.
func (d *Desk) say(ctx context.Context, ref Ref, s flows.Say) error {
	id := ref.Talk
	talk, _, err := d.Look(ctx, id)
	if err != nil {
		return err
	}
	if talk.Case.Owner.Epoch != s.Epoch {
		return d.unsent(ctx, id, s, "会话已换人负责，没有发出")
	}
	people, err := d.cfg.Ledger.Identities(ctx, id)
	if err != nil {
		return err
	}
	slices.SortStableFunc(people, func(a, b Identity) int {
		return cmp.Compare(rank(talk.Case.Last, a), rank(talk.Case.Last, b))
	})
	for _, who := range people {
		voice, ok := d.cfg.Partners.Voices[who.Channel]
		if !ok {
			continue
		}
		err := voice.Say(ctx, Listener{ID: who.ID, Talk: id, Contact: talk.Case.Contact}, s)
		if !errors.Is(err, ErrClosed) {
			return err
		}
	}
	return d.Undelivered(ctx, id, ref.String(), s)
}

// Undelivered keeps what did not reach an applicant for when they are there
// again, and shows the desk so. Name tells it from everything else that did not.
func (d *Desk) Undelivered(ctx context.Context, id TalkID, name string, s flows.Say) error {
	if err := d.unheard(ctx, id, name, s); err != nil {
		return err
	}
	return d.unsent(ctx, id, s, "暂时无法送达，客户下次发消息时会先看到")
}

// unheard keeps what no channel carries for when the applicant is there again.
// A question is not kept: whatever is asked then is said anyway.
func (d *Desk) unheard(ctx context.Context, id TalkID, name string, s flows.Say) error {
	var texts []flows.Secret
	for _, r := range s.Replies {
		if r.Text == "" || len(r.Choices) > 0 || r.Page != nil || r.QR != nil {
			continue
		}
		if s.Agent != "" {
			r.Text = "客服" + s.Agent + "：" + r.Text
		}
		texts = append(texts, flows.Conceal(r.Text))
	}
	if len(texts) == 0 {
		return nil
	}
	_, err := d.HandleTalk(ctx, id, flows.Event{
		ID: "unheard/" + name, At: d.cfg.Now(), Via: flows.Within, What: flows.Unheard{Texts: texts},
	})
	return err
}

// rank puts the channel that was last used first.
func rank(last flows.Channel, who Identity) int {
	if who.Channel == last {
		return 0
	}
	return 1
}

// unsent shows the desk what the applicant has not heard.
func (d *Desk) unsent(ctx context.Context, id TalkID, s flows.Say, why string) error {
	d.cfg.Log.Info("not sent", slog.String("talk", string(id)), slog.Int64("epoch", s.Epoch))
	lines := make([]Line, 0, len(s.Replies))
	for _, r := range s.Replies {
		lines = append(lines, Line{At: d.cfg.Now(), Who: WhoUnsent, Text: why + "：" + spoken(r)})
	}
	return d.cfg.Lines.Append(ctx, id, lines...)
}
