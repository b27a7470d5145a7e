package ledger

// One-time codes: six digits that prove a mobile number for one purpose. The
// limits protect a number from being flooded and a code from being guessed;
// they are counted here, where no restart forgets them.

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

const (
	codeGood  = 5 * time.Minute
	callNeeds = 2 * time.Minute // to ring, to read, and to type
	codeTries = 5
)

// limit is how many codes may be made in a time, and what whoever wants another
// is told.
type limit struct {
	codes int
	in    time.Duration
	words func(wait time.Duration) string
}

// The limits of one mobile number, and of one talk, which may try several. Of
// the codes, so many may be calls.
var (
	mobileLimits = []limit{{1, time.Minute, tryAgain}, {5, time.Hour, tryAgain}, {10, 24 * time.Hour, tryAgain}}
	talkLimits   = []limit{{20, time.Hour, tryAgain}, {50, 24 * time.Hour, tryAgain}}
	callLimit    = limit{2, time.Hour, callAgain}
)

// NewCode implements [desk.Accounts].
func (l *Ledger) NewCode(ctx context.Context, talk desk.TalkID, e flows.SendCode, ref string, at time.Time) (desk.Code, error) {
	var code desk.Code
	err := l.tx(ctx, func(ctx context.Context, tx txn) error {
		var row codeRow
		err := tx.NewSelect().Model(&row).Where("ref = ?", ref).Scan(ctx)
		if err == nil {
			err = again(row, at)
		}
		if missing(err) && e.Purpose == flows.PurposeActivate {
			row, err = l.standing(ctx, tx, talk, e.Purpose, at)
		}
		if missing(err) {
			row, err = l.makeCode(ctx, tx, talk, e, ref, at)
		}
		if err != nil {
			return err
		}
		code, err = l.codeOf(ctx, tx, row)
		return err
	})
	return code, err
}

// again refuses what was asked for before, and must not go out now: a telephone
// that may have rung, and a code whose time is over.
func again(row codeRow, at time.Time) error {
	switch {
	case bool(row.Aloud):
		return &flows.RefusedError{Partner: "ledger", Code: "called", Public: "语音电话可能没有打通。没有接到的话，请过1分钟再选语音播报，或重新获取短信验证码。"}
	case millis(at) >= row.Until:
		return &flows.RefusedError{Partner: "ledger", Code: "late", Public: "验证码没能及时发出，请重新获取。"}
	}
	return nil
}

// standing is the code of the last minute, when it may still be filled in.
func (l *Ledger) standing(ctx context.Context, tx txn, talk desk.TalkID, p flows.Purpose, at time.Time) (codeRow, error) {
	mobile, err := l.mobile(ctx, tx, talk, p)
	if err != nil {
		return codeRow{}, err
	}
	var row codeRow
	err = tx.NewSelect().Model(&row).Where("talk = ? AND purpose = ? AND closed_at = 0", talk, p).
		Where("tries < ? AND at > ?", codeTries, millis(at.Add(-l.hurried(time.Minute)))).
		Where("mobile_blind = ?", l.blind("mobile", mobile)).Scan(ctx)
	return row, err
}

// CodeSent implements [desk.Accounts].
func (l *Ledger) CodeSent(ctx context.Context, id string) error {
	_, err := l.db.NewUpdate().Model((*codeRow)(nil)).Set("sealed = ''").Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: code %s: %w", id, err)
	}
	return nil
}

func (l *Ledger) makeCode(ctx context.Context, tx txn, talk desk.TalkID, e flows.SendCode, ref string, at time.Time) (codeRow, error) {
	mobile, err := l.mobile(ctx, tx, talk, e.Purpose)
	if err != nil {
		return codeRow{}, err
	}
	if mobile.IsZero() {
		return codeRow{}, &flows.RefusedError{Partner: "ledger", Code: "no mobile", Public: "还没有手机号码，请先填写手机号码。"}
	}
	row := codeRow{
		ID: randomName(), Ref: ref, Talk: talk, Purpose: e.Purpose, Aloud: e.Aloud,
		At: millis(at), Until: millis(at.Add(l.hurried(codeGood))), MobileBlind: l.blind("mobile", mobile),
	}
	if err := l.allowed(ctx, tx, row); err != nil {
		return codeRow{}, err
	}
	digits, err := l.digits(ctx, tx, &row)
	if err != nil {
		return codeRow{}, err
	}
	row.CodeBlind = l.blind(codePlace(row.ID), digits)
	if row.Sealed, err = l.seal(codePlace(row.ID), digits); err != nil {
		return codeRow{}, err
	}
	if row.Mobile, err = l.seal(codePlace(row.ID)+"/mobile", mobile); err != nil {
		return codeRow{}, err
	}
	if err := closeCode(ctx, tx, talk, e.Purpose, at); err != nil {
		return codeRow{}, err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return codeRow{}, fmt.Errorf("ledger: code: %w", err)
	}
	return row, nil
}

// digits are fresh ones, or for a call those of the message that it is made for,
// while there is time to type them: whichever comes first is right. The wrong
// tries and the end go with them.
func (l *Ledger) digits(ctx context.Context, tx txn, row *codeRow) (flows.Secret, error) {
	if !row.Aloud {
		return sixDigits()
	}
	var sent codeRow
	err := tx.NewSelect().Model(&sent).Where("talk = ? AND purpose = ? AND closed_at = 0", row.Talk, row.Purpose).
		Where("mobile_blind = ? AND tries < ? AND until > ?", row.MobileBlind, codeTries, row.At+l.hurried(callNeeds).Milliseconds()).Scan(ctx)
	if missing(err) {
		return sixDigits()
	}
	if err != nil {
		return flows.Secret{}, fmt.Errorf("ledger: code of %s: %w", row.Talk, err)
	}
	row.Tries, row.Until = sent.Tries, sent.Until
	var digits flows.Secret
	return digits, l.unseal(codePlace(sent.ID), sent.Sealed, &digits)
}

// mobile is the number that a code of this purpose goes to; empty when the
// applicant has not told it yet.
func (l *Ledger) mobile(ctx context.Context, db bun.IDB, talk desk.TalkID, p flows.Purpose) (flows.Secret, error) {
	switch p {
	case flows.PurposeRegister:
		form, err := l.saved(ctx, db, talk)
		return form[flows.KeyMobile], err
	case flows.PurposePhone:
		form, err := l.saved(ctx, db, talk)
		return form[flows.KeyNewMobile], err
	}
	a, err := l.account(ctx, db, talk)
	if errors.Is(err, desk.ErrUnknown) {
		return flows.Secret{}, nil
	}
	return a.Mobile, err
}

// allowed refuses, in words that say when to try again, a code that would go
// over a limit.
func (l *Ledger) allowed(ctx context.Context, tx txn, row codeRow) error {
	if row.Aloud {
		if now := moment(row.At); l.cfg.Hurry == 1 && !flows.ByDay(now).Equal(now) {
			return &flows.RefusedError{Partner: "ledger", Code: "night", Public: "晚上10点到早上8点不打语音电话。请先看看短信的拦截记录，或明早8点以后再选语音播报。"}
		}
		if err := l.within(ctx, tx, callLimit, row.At, "aloud AND mobile_blind = ?", row.MobileBlind); err != nil {
			return err
		}
	}
	for _, most := range mobileLimits {
		if err := l.within(ctx, tx, most, row.At, "mobile_blind = ?", row.MobileBlind); err != nil {
			return err
		}
	}
	for _, most := range talkLimits {
		if err := l.within(ctx, tx, most, row.At, "talk = ?", row.Talk); err != nil {
			return err
		}
	}
	return nil
}

// within counts the codes of whom against one limit.
func (l *Ledger) within(ctx context.Context, tx txn, most limit, now int64, whose string, whom any) error {
	span := l.hurried(most.in)
	var times []int64
	err := tx.NewSelect().Model((*codeRow)(nil)).Column("at").Where(whose, whom).
		Where("at > ?", now-span.Milliseconds()).OrderBy("at", bun.OrderDesc).Limit(int64(most.codes)).Scan(ctx, &times)
	if err != nil {
		return fmt.Errorf("ledger: codes sent: %w", err)
	}
	if len(times) < most.codes {
		return nil
	}
	free := moment(times[len(times)-1]).Add(span)
	return &flows.RefusedError{Partner: "ledger", Code: "limit", Public: most.words(free.Sub(moment(now)))}
}

func tryAgain(in time.Duration) string {
	switch {
	case in <= time.Minute:
		return fmt.Sprintf("验证码刚刚发过，请在%d秒后重新获取。", max(1, int((in+time.Second-1)/time.Second)))
	case in <= time.Hour:
		return fmt.Sprintf("获取验证码太频繁了，请在%d分钟后重新获取。", int((in+time.Minute-1)/time.Minute))
	}
	return fmt.Sprintf("今天获取验证码的次数已用完，请在%d小时后重新获取，或回复“人工”。", int((in+time.Hour-1)/time.Hour))
}

func callAgain(in time.Duration) string {
	return fmt.Sprintf("语音电话一小时最多打2次，请在%d分钟后再选；也可以重新获取短信验证码。", int((in+time.Minute-1)/time.Minute))
}

// codeOf is a row as whoever sends the code needs it. It counts as sent when
// its effect was answered, and when what it says is forgotten: it went out, or
// was closed and must not.
func (l *Ledger) codeOf(ctx context.Context, tx txn, row codeRow) (desk.Code, error) {
	sent, err := tx.NewSelect().Model((*reportRow)(nil)).Where("id = ?", desk.AnswerTo+row.Ref).Exists(ctx)
	if err != nil {
		return desk.Code{}, fmt.Errorf("ledger: code %s: %w", row.ID, err)
	}
	code := desk.Code{OneTime: flows.OneTime{ID: row.ID, Purpose: row.Purpose}, Sent: sent || row.Sealed == ""}
	if err := l.unseal(codePlace(row.ID)+"/mobile", row.Mobile, &code.Mobile); err != nil {
		return desk.Code{}, err
	}
	if row.Sealed == "" {
		return code, nil
	}
	return code, l.unseal(codePlace(row.ID), row.Sealed, &code.Code)
}

func codePlace(id string) string { return "code/" + id }

// CheckCode implements [desk.Accounts].
func (l *Ledger) CheckCode(ctx context.Context, talk desk.TalkID, p flows.Purpose, code flows.Secret, at time.Time) (int, error) {
	var t try
	err := l.tx(ctx, func(ctx context.Context, tx txn) error {
		var err error
		t, err = l.try(ctx, tx, talk, p, code, at)
		return err
	})
	if err != nil {
		return 0, err
	}
	return t.left, t.verdict
}

// try is what came of one try of a code. The verdict is nil, or a sentinel of
// package desk: the try counts all the same, so it is no error of the
// transaction.
type try struct {
	left    int
	verdict error
}

func (t try) words() string {
	if errors.Is(t.verdict, desk.ErrWrong) && t.left > 0 {
		return fmt.Sprintf("验证码不对，请核对后重新填写，还可以试%d次。", t.left)
	}
	return "验证码已失效，请回复“重新获取验证码”，再填写新的验证码。"
}

// try uses a code up. A code that went to another number than the one saved
// now proves nothing.
func (l *Ledger) try(ctx context.Context, tx txn, talk desk.TalkID, p flows.Purpose, code flows.Secret, at time.Time) (try, error) {
	var row codeRow
	err := tx.NewSelect().Model(&row).Where("talk = ? AND purpose = ? AND closed_at = 0", talk, p).Scan(ctx)
	if missing(err) {
		return try{verdict: desk.ErrUnknown}, nil
	}
	if err != nil {
		return try{}, fmt.Errorf("ledger: code of %s: %w", talk, err)
	}
	mobile, err := l.mobile(ctx, tx, talk, p)
	if err != nil {
		return try{}, err
	}
	if l.blind("mobile", mobile) != row.MobileBlind {
		return try{verdict: desk.ErrUnknown}, nil
	}
	if row.Tries >= codeTries || millis(at) >= row.Until {
		return try{verdict: desk.ErrExpired}, nil
	}
	if subtle.ConstantTimeCompare([]byte(l.blind(codePlace(row.ID), code)), []byte(row.CodeBlind)) == 1 {
		return try{left: codeTries - row.Tries}, closeCode(ctx, tx, talk, p, at)
	}
	row.Tries++
	if _, err := tx.NewUpdate().Model(&row).Column("tries").WherePK().Exec(ctx); err != nil {
		return try{}, fmt.Errorf("ledger: code of %s: %w", talk, err)
	}
	return try{left: codeTries - row.Tries, verdict: desk.ErrWrong}, nil
}

// closeCode ends the open code of a purpose, used or replaced.
func closeCode(ctx context.Context, tx txn, talk desk.TalkID, p flows.Purpose, at time.Time) error {
	_, err := tx.NewUpdate().Model((*codeRow)(nil)).Set("closed_at = ?", millis(at)).Set("sealed = ''").
		Where("talk = ? AND purpose = ? AND closed_at = 0", talk, p).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: close a code of %s: %w", talk, err)
	}
	return nil
}

// sixDigits draws a code; all million are equally likely.
func sixDigits() (flows.Secret, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return flows.Secret{}, fmt.Errorf("ledger: draw a code: %w", err)
	}
	return flows.Conceal(fmt.Sprintf("%06d", n)), nil
}
