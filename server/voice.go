package server

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image/png"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/skip2/go-qrcode"

	"certdesk/bot"
	"certdesk/bot/wechat"
	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/talks"
)

// wechatVoice carries replies that no push waits for: customer messages while
// the platform allows them, then a template.
type wechatVoice struct {
	client  *wechat.Client
	links   *links
	shelf   *talks.Shelf
	news    map[flows.Matter]string // templates; progress's for what has none
	now     func() time.Time
	log     *slog.Logger
	noMenus atomic.Bool // the account may not send them
}

// Say implements [desk.Voice].
func (v *wechatVoice) Say(ctx context.Context, to desk.Listener, say flows.Say) error {
	_, err := v.notes(ctx, to, bot.RenderNotes(say.Replies, v.links.of(to.Talk)), keptFor(say))
	if template := cmp.Or(v.news[say.Matter], v.news[flows.MatterProgress]); errors.Is(err, desk.ErrClosed) && template != "" {
		return v.tell(ctx, to, template, say)
	}
	if err != nil {
		return err
	}
	for _, r := range say.Replies {
		if r.QR != nil {
			v.picture(ctx, to, *r.QR)
		}
	}
	return nil
}

// keptFor is how many of the messages that are left a Say leaves for others.
func keptFor(say flows.Say) int {
	if say.Worth == flows.WorthUseful {
		return 1
	}
	return 0
}

// allowances are what WeChat allows to be said to somebody: five messages within
// two days of their last one, three within a minute of a tap. A tap within the
// two days makes it three again, when fewer were left.
//
// Source: WeChat official account manual, chapter 客服消息.
func allowances(to desk.Listener) talks.Allowances {
	var all []talks.Allowance
	for _, a := range []struct {
		since flows.Second
		talks.Allowance
	}{
		{to.Contact.Wrote, talks.Allowance{For: "words", Lasts: 48 * time.Hour, Messages: 5}},
		{to.Contact.Tapped, talks.Allowance{For: "tap", Lasts: time.Minute, Messages: 3}},
	} {
		if a.since != 0 {
			a.At = a.since.Time()
			all = append(all, a.Allowance)
		}
	}
	slices.SortFunc(all, func(a, b talks.Allowance) int { return a.At.Compare(b.At) })
	return talks.Allowances{Talk: to.Talk, Of: all}
}

// may takes one message off what the platform allows. Of somebody of whom
// nothing is known, the platform decides.
func (v *wechatVoice) may(ctx context.Context, to desk.Listener, keep int) (bool, error) {
	if to.Contact == (flows.Contact{}) {
		return true, nil
	}
	return v.shelf.MaySay(ctx, allowances(to), keep, v.now())
}

// left returns how many customer messages the platform still carries, and until
// when.
func (v *wechatVoice) left(ctx context.Context, id desk.TalkID, c flows.Contact) (messages int, until time.Time, err error) {
	return v.shelf.Left(ctx, allowances(desk.Listener{Talk: id, Contact: c}), v.now())
}

// notes sends one message after the other, and returns those that were not
// sent.
func (v *wechatVoice) notes(ctx context.Context, to desk.Listener, notes []bot.Note, keep int) (left []bot.Note, err error) {
	for i, note := range notes {
		if note.Text == "" {
			continue
		}
		ok, err := v.may(ctx, to, keep)
		if err != nil {
			return notes[i:], err
		}
		if !ok {
			return notes[i:], fmt.Errorf("%w: no customer message left", desk.ErrClosed)
		}
		if err := v.note(ctx, to.ID, note); err != nil {
			return notes[i:], v.refused(ctx, to, err)
		}
	}
	return nil, nil
}

// note sends one message: with choices as a menu, unless the account may not.
func (v *wechatVoice) note(ctx context.Context, openid string, n bot.Note) error {
	if len(n.Choices) > 0 && !v.noMenus.Load() {
		lines := make([]wechat.Choice, len(n.Choices))
		for i, c := range n.Choices {
			lines[i] = wechat.Choice{ID: c.ID, Label: c.Label}
		}
		err := v.client.Offer(ctx, openid, n.Text, lines, bot.HowToPick)
		if !errors.Is(err, wechat.ErrKind) {
			return err
		}
		v.noMenus.Store(true)
	}
	return v.client.Text(ctx, openid, n.Plain())
}

// refused translates the platform's "not now" into the desk's, and believes it
// more than our own count.
func (v *wechatVoice) refused(ctx context.Context, to desk.Listener, err error) error {
	if !errors.Is(err, wechat.ErrClosed) && !errors.Is(err, wechat.ErrQuota) {
		return err
	}
	lost := v.shelf.MayNot(ctx, allowances(to), v.now())
	return errors.Join(fmt.Errorf("%w: %w", desk.ErrClosed, err), lost)
}

// picture sends the code itself, to be saved and scanned from the album. The
// page behind the link shows it too, so a failure here loses nothing, and it
// never takes the last message.
func (v *wechatVoice) picture(ctx context.Context, to desk.Listener, qr flows.QR) {
	ok, err := v.may(ctx, to, 1)
	if ok && err == nil {
		err = v.draw(ctx, to.ID, qr)
	}
	if err != nil {
		v.log.Info("a code went out as a link only", slog.Any("error", err))
	}
}

// draw sends the picture that WeChat has, or a new one.
func (v *wechatVoice) draw(ctx context.Context, openid string, qr flows.QR) error {
	media, err := v.shelf.Picture(ctx, qr.Content)
	if err == nil && media != "" {
		err = v.client.Image(ctx, openid, media)
	}
	if media == "" || errors.Is(err, wechat.ErrMedia) {
		return v.newPicture(ctx, openid, qr)
	}
	return err
}

// newPicture uploads the code and sends it.
func (v *wechatVoice) newPicture(ctx context.Context, to string, qr flows.QR) error {
	image, err := qrPNG(qr.Content)
	if err != nil {
		return err
	}
	media, err := v.client.Upload(ctx, "qr.png", image)
	if err != nil {
		return err
	}
	if err := v.client.Image(ctx, to, media); err != nil {
		return err
	}
	return v.shelf.KeepPicture(ctx, qr.Content, media)
}

// news are the templates by what they tell of.
func (w WeChatConfig) news() map[flows.Matter]string {
	return map[flows.Matter]string{
		flows.MatterProgress: w.Template, flows.MatterIdentity: w.Identity, flows.MatterPayment: w.Payment,
		flows.MatterDelivery: w.Delivery, flows.MatterActivation: w.Activation,
	}
}

// headings stand above a template's news.
var headings = map[flows.Matter]string{
	flows.MatterProgress: "数字证书办理进度", flows.MatterIdentity: "实名认证进度", flows.MatterPayment: "订单付款进度",
	flows.MatterDelivery: "UKey 物流进度", flows.MatterActivation: "证书激活进度",
}

// tell says by template that the case has moved on, with a link to it.
func (v *wechatVoice) tell(ctx context.Context, to desk.Listener, template string, say flows.Say) error {
	data := map[string]string{"thing1": headings[say.Matter], "thing2": short(say.Replies[0].Text)}
	id, err := v.client.Template(ctx, to.ID, template, v.links.status(to.Talk), data)
	if errors.Is(err, wechat.ErrClosed) {
		return fmt.Errorf("%w: %w", desk.ErrClosed, err)
	}
	if err != nil {
		return err
	}
	_ = v.shelf.KeepTold(ctx, id, talks.Told{Talk: to.Talk, Say: say}) // without it a loss is not made up for: it went out, and must not go twice
	return nil
}

const templateRunes = 20 // of a "thing" field

// short is the first sentence of a text, or as many of its clauses as fit. The
// page behind the message says the rest, so a number is left out rather than
// cut: half of one would be taken for the whole.
func short(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	first, _, _ = strings.Cut(first, "。")
	r := []rune(first)
	if len(r) <= templateRunes {
		return first
	}
	for i := templateRunes; i > 0; i-- {
		if strings.ContainsRune("，；：！？", r[i]) {
			return string(r[:i])
		}
	}
	cut := templateRunes - 1
	for cut > 0 && number(r[cut-1]) && number(r[cut]) {
		cut--
	}
	return strings.TrimSpace(string(r[:cut])) + "…"
}

// number reports whether a character may be inside an order's or a parcel's
// number.
func number(c rune) bool {
	return c == '-' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// qrPNG draws a code large enough to be scanned from a photograph: at least
// 600 pixels, level M, with its white border.
func qrPNG(content string) ([]byte, error) {
	code, err := qrcode.New(content, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("server: QR code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, code.Image(600)); err != nil {
		return nil, fmt.Errorf("server: QR code: %w", err)
	}
	return b.Bytes(), nil
}
