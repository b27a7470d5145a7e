package ledger

// Reviews: who or what no partner can prove is proved by two members of staff,
// of whom the second is a supervisor and not the first. Decision 0017 has the
// reasons.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type reviewRow struct {
	bun.BaseModel `bun:"table:review"`

	Number    string      `bun:"number,pk"`
	Talk      desk.TalkID `bun:"talk"`
	Party     flows.Party `bun:"party"`
	Sealed    string      `bun:"sealed"`
	State     ReviewState `bun:"state"`
	At        int64       `bun:"at"`
	FirstBy   string      `bun:"first_by"`
	FirstAt   int64       `bun:"first_at"`
	DecidedBy string      `bun:"decided_by"`
	DecidedAt int64       `bun:"decided_at"`
	Words     string      `bun:"words"`
}

// ReviewState is how far a review is.
type ReviewState string

// Asked waits for anybody, seconded for a supervisor. A closed one was given up,
// or what it was about was proved in another way.
const (
	ReviewAsked    ReviewState = "asked"
	ReviewSeconded ReviewState = "seconded"
	ReviewPassed   ReviewState = "passed"
	ReviewRefused  ReviewState = "refused"
	ReviewClosed   ReviewState = "closed"
)

// Review is one as staff see it.
type Review struct {
	Number string
	Talk   desk.TalkID
	What   flows.Review
	State  ReviewState
	At     time.Time
	Papers []Paper
	First  Judged // the zero Judged until somebody has
	Second Judged
}

// Judged is who decided what about a review.
type Judged struct {
	By  string
	At  time.Time
	Why string
}

// reasons are the words of both, sealed together.
type reasons struct {
	First  string `cbor:"1,keyasint,omitempty"`
	Second string `cbor:"2,keyasint,omitempty"`
}

// OpenReview implements [desk.Reviews].
func (l *Ledger) OpenReview(ctx context.Context, ref desk.Ref, party flows.Party, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		proved, err := l.provedParty(ctx, tx, ref.Talk, party)
		if err != nil {
			return err
		}
		if proved != nil {
			return l.answer(ctx, tx, ref, proved, at)
		}
		return l.openReview(ctx, tx, ref, party, at)
	})
}

// provedParty returns the report for what is proved already, or nil.
func (l *Ledger) provedParty(ctx context.Context, tx txn, talk desk.TalkID, party flows.Party) (flows.Happening, error) {
	if party == flows.PartyCompany {
		return l.alreadyProved(ctx, tx, talk)
	}
	person, err := l.provedPerson(ctx, tx, talk)
	if errors.Is(err, desk.ErrUnknown) {
		return nil, nil
	}
	return flows.FaceDone{Name: person.Name}, err
}

func (l *Ledger) openReview(ctx context.Context, tx txn, ref desk.Ref, party flows.Party, at time.Time) error {
	form, err := l.saved(ctx, tx, ref.Talk)
	if err != nil {
		return err
	}
	what, complete := form.ReviewOf(party)
	if !complete {
		return l.answer(ctx, tx, ref, refusedParty(party, "请重新填写并上传材料。"), at)
	}
	row, err := l.openReviewOf(ctx, tx, ref.Talk, party)
	if errors.Is(err, desk.ErrUnknown) {
		if n, err := newPapers(ctx, tx, ref.Talk); err != nil {
			return err
		} else if n == 0 { // a refusal deletes what was sent in
			return l.answer(ctx, tx, ref, refusedParty(party, "请重新填写并上传材料。"), at)
		}
		row, err = l.newReview(ctx, tx, ref.Talk, party, at)
	}
	if err != nil {
		return err
	}
	n, err := l.attachPapers(ctx, tx, ref.Talk, row.Number)
	if err != nil {
		return err
	}
	before, err := l.reviewed(row)
	if err != nil || n == 0 && before == what {
		return err
	}
	// What is new was seen by nobody.
	row.State, row.FirstBy, row.FirstAt, row.Words = ReviewAsked, "", 0, ""
	if row.Sealed, err = l.seal(reviewPlace(row.Number), what); err != nil {
		return err
	}
	if _, err := tx.NewUpdate().Model(&row).Column("state", "first_by", "first_at", "words", "sealed").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("ledger: review %s: %w", row.Number, err)
	}
	return l.call(ctx, tx, ref.Talk, flows.WhyReview, at)
}

func (l *Ledger) newReview(ctx context.Context, tx txn, talk desk.TalkID, party flows.Party, at time.Time) (reviewRow, error) {
	number, err := numbered("V", second, at, 10)
	if err != nil {
		return reviewRow{}, err
	}
	row := reviewRow{Number: number, Talk: talk, Party: party, State: ReviewAsked, At: millis(at)}
	fresh, err := once(ctx, tx, &row)
	if err == nil && !fresh {
		err = fmt.Errorf("ledger: review of %s: %w", talk, errTaken)
	}
	return row, err
}

// refusedParty tells an applicant that people did not find it right.
func refusedParty(party flows.Party, why string) flows.Happening {
	if party == flows.PartyCompany {
		return flows.GrantRefused{Why: why}
	}
	return flows.FaceRefused{Why: why}
}

// Verdict is what a member of staff finds.
type Verdict bool

// The papers show what they should, or they do not.
const (
	Right Verdict = true
	Wrong Verdict = false
)

// Judge takes the verdict of a member of staff, with a reason, which the
// applicant is told when it is against them. The second who finds it right
// proves it: [desk.ErrOther] when that is the first again or no supervisor,
// [desk.ErrUsed] when the review is over, [desk.ErrUnknown] when there is none.
// Staff judge what they have seen: papers that came since make it [desk.ErrStale].
func (l *Ledger) Judge(ctx context.Context, number string, seen int, v Verdict, by Staff, why string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		row := reviewRow{Number: number}
		if err := found(tx.NewSelect().Model(&row).WherePK().Scan(ctx), "review "+number); err != nil {
			return err
		}
		if row.State != ReviewAsked && row.State != ReviewSeconded {
			return fmt.Errorf("ledger: review %s: %w", number, desk.ErrUsed)
		}
		papers, err := l.papersOf(ctx, tx, number)
		if err != nil {
			return err
		}
		if len(papers) != seen {
			return fmt.Errorf("ledger: review %s: %w", number, desk.ErrStale)
		}
		proved, err := l.provedParty(ctx, tx, row.Talk, row.Party)
		switch {
		case err != nil:
			return err
		case proved != nil:
			return l.turnReview(ctx, tx, row, ReviewClosed)
		case v == Wrong:
			return l.refuseReview(ctx, tx, row, by, why, at)
		case row.State == ReviewAsked:
			return l.secondReview(ctx, tx, row, by, why, at)
		case by.Name == row.FirstBy || by.Role != RoleSupervisor:
			return fmt.Errorf("ledger: review %s: %w", number, desk.ErrOther)
		}
		return l.passReview(ctx, tx, row, by, why, at)
	})
}

// secondReview leaves the rest to a supervisor.
func (l *Ledger) secondReview(ctx context.Context, tx txn, row reviewRow, by Staff, why string, at time.Time) error {
	row.FirstBy, row.FirstAt = by.Name, millis(at)
	var err error
	if row.Words, err = l.seal(reviewPlace(row.Number)+"/words", reasons{First: why}); err != nil {
		return err
	}
	return errors.Join(
		l.turnReview(ctx, tx, row, ReviewSeconded),
		l.audit(ctx, tx, audited{Actor: by.Name, Did: "found a review right", Talk: row.Talk, About: row.Number, Detail: why, At: at}),
	)
}

func (l *Ledger) passReview(ctx context.Context, tx txn, row reviewRow, by Staff, why string, at time.Time) error {
	what, err := l.reviewed(row)
	if err != nil {
		return err
	}
	if row, err = l.decidedBy(row, by, why, at); err != nil {
		return err
	}
	done, err := l.prove(ctx, tx, row, what, at)
	if err != nil {
		return err
	}
	return errors.Join(
		l.turnReview(ctx, tx, row, ReviewPassed),
		l.audit(ctx, tx, audited{Actor: by.Name, Did: "passed a review", Talk: row.Talk, About: row.Number, Detail: why, At: at}),
		l.report(ctx, tx, reviewPlace(row.Number)+"/passed", row.Talk, done, at),
	)
}

// prove enters what a review proves where any other proof would be.
func (l *Ledger) prove(ctx context.Context, tx txn, row reviewRow, what flows.Review, at time.Time) (flows.Happening, error) {
	actor := row.FirstBy + ", " + row.DecidedBy
	if row.Party == flows.PartyCompany {
		org := flows.Organisation{Name: what.Name, CreditCode: what.Number}
		return l.provedOtherwise(ctx, tx, otherProof{Number: row.Number, Talk: row.Talk, Org: org, Actor: actor, At: at})
	}
	open, err := l.checkWhere(ctx, tx, "talk = ? AND state = ?", row.Talk, checkOpen)
	if err == nil {
		err = endCheck(ctx, tx, open.Number, checkClosed)
	}
	if err != nil && !errors.Is(err, desk.ErrUnknown) {
		return nil, err
	}
	check := checkRow{Number: row.Number, Talk: row.Talk, State: checkPassed, Way: flows.WayPapers, At: millis(at), Until: millis(at), IDBlind: l.personBlind(what.Number)}
	if check.Person, err = l.seal(checkPlace(row.Number), flows.Person{Name: what.Name, IDNumber: what.Number}); err != nil {
		return nil, err
	}
	if _, err := tx.NewInsert().Model(&check).Exec(ctx); err != nil {
		return nil, fmt.Errorf("ledger: check of %s: %w", row.Talk, err)
	}
	done := flows.FaceDone{Name: what.Name}
	return done, errors.Join(
		l.learned(ctx, tx, row.Talk, done, at),
		l.watchPerson(ctx, tx, desk.Check{Number: row.Number, Talk: row.Talk, Person: flows.Person{Name: what.Name, IDNumber: what.Number}}, at),
		l.audit(ctx, tx, audited{Actor: actor, Did: "proved", Talk: row.Talk, About: row.Number, At: at}),
	)
}

// refuseReview ends a review in vain: what was sent in for it is deleted.
func (l *Ledger) refuseReview(ctx context.Context, tx txn, row reviewRow, by Staff, why string, at time.Time) error {
	row, err := l.decidedBy(row, by, why, at)
	if err != nil {
		return err
	}
	row.Sealed = ""
	_, err = tx.NewDelete().Model((*paperRow)(nil)).Where("review = ?", row.Number).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: papers of review %s: %w", row.Number, err)
	}
	told := refusedParty(row.Party, "人工核验没有通过："+strings.TrimRight(why, "。")+"。")
	return errors.Join(
		l.turnReview(ctx, tx, row, ReviewRefused),
		l.audit(ctx, tx, audited{Actor: by.Name, Did: "refused a review", Talk: row.Talk, About: row.Number, Detail: why, At: at}),
		l.report(ctx, tx, reviewPlace(row.Number)+"/refused", row.Talk, told, at),
	)
}

func (l *Ledger) decidedBy(row reviewRow, by Staff, why string, at time.Time) (reviewRow, error) {
	words, err := l.wordsOf(row)
	if err != nil {
		return row, err
	}
	words.Second = why
	row.DecidedBy, row.DecidedAt = by.Name, millis(at)
	row.Words, err = l.seal(reviewPlace(row.Number)+"/words", words)
	return row, err
}

// endReviews closes what is open of a talk and deletes what was sent in.
func (l *Ledger) endReviews(ctx context.Context, tx txn, talk desk.TalkID) error {
	_, err := tx.NewUpdate().Model((*reviewRow)(nil)).Set("state = ?", ReviewClosed).
		Where("talk = ? AND state IN (?, ?)", talk, ReviewAsked, ReviewSeconded).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: reviews of %s: %w", talk, err)
	}
	return l.dropPapers(ctx, tx, talk)
}

func (l *Ledger) turnReview(ctx context.Context, tx txn, row reviewRow, state ReviewState) error {
	row.State = state
	if _, err := tx.NewUpdate().Model(&row).ExcludeColumn("number", "talk", "party", "at").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("ledger: review %s: %w", row.Number, err)
	}
	return nil
}

func (l *Ledger) openReviewOf(ctx context.Context, db bun.IDB, talk desk.TalkID, party flows.Party) (reviewRow, error) {
	var row reviewRow
	err := db.NewSelect().Model(&row).Where("talk = ? AND party = ? AND state IN (?, ?)", talk, party, ReviewAsked, ReviewSeconded).Scan(ctx)
	return row, found(err, "review of "+string(talk))
}

func (l *Ledger) reviewed(row reviewRow) (what flows.Review, err error) {
	if row.Sealed == "" {
		return what, nil
	}
	return what, l.unseal(reviewPlace(row.Number), row.Sealed, &what)
}

func (l *Ledger) wordsOf(row reviewRow) (words reasons, err error) {
	if row.Words == "" {
		return words, nil
	}
	return words, l.unseal(reviewPlace(row.Number)+"/words", row.Words, &words)
}

func reviewPlace(number string) string { return "review/" + number }

const reviewsShown = 100

// Reviews lists those that wait, oldest first, and then the last that are over.
func (l *Ledger) Reviews(ctx context.Context) (all []Review, err error) {
	for _, part := range []struct {
		states []ReviewState
		order  string
		most   int64
	}{
		{[]ReviewState{ReviewAsked, ReviewSeconded}, "at", reviewsShown},
		{[]ReviewState{ReviewPassed, ReviewRefused}, "decided_at DESC", 20},
	} {
		var rows []reviewRow
		err := l.read.NewSelect().Model(&rows).Where("state IN (?)", bun.List(part.states)).OrderExpr(part.order).Limit(part.most).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("ledger: reviews: %w", err)
		}
		for _, row := range rows {
			r, err := l.review(ctx, row)
			if err != nil {
				return nil, err
			}
			all = append(all, r)
		}
	}
	return all, nil
}

func (l *Ledger) review(ctx context.Context, row reviewRow) (Review, error) {
	r := Review{
		Number: row.Number, Talk: row.Talk, State: row.State, At: moment(row.At),
		First: Judged{By: row.FirstBy, At: moment(row.FirstAt)}, Second: Judged{By: row.DecidedBy, At: moment(row.DecidedAt)},
	}
	words, err := l.wordsOf(row)
	if err != nil {
		return r, err
	}
	r.First.Why, r.Second.Why = words.First, words.Second
	if r.What, err = l.reviewed(row); err != nil {
		return r, err
	}
	r.What.Party = row.Party
	r.Papers, err = l.papersOf(ctx, l.read, row.Number)
	return r, err
}
