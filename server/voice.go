package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"log/slog"
	"strings"

	"github.com/skip2/go-qrcode"

	"certdesk/bot"
	"certdesk/bot/wechat"
	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/talks"
)

// wechatVoice carries replies that no push waits for: customer messages while
// the platform allows them, then the progress template.
type wechatVoice struct {
	client   *wechat.Client
	links    *links
	pictures *talks.Shelf
	template string
	log      *slog.Logger
}

// Say implements [desk.Voice].
func (v *wechatVoice) Say(ctx context.Context, to string, talk desk.TalkID, replies []flows.Reply) error {
	text, rest := bot.Render(replies, v.links.of(talk))
	_, err := v.texts(ctx, to, append([]string{text}, rest...))
	if errors.Is(err, desk.ErrClosed) && v.template != "" {
		return v.progress(ctx, to, talk, replies)
	}
	if err != nil {
		return err
	}
	for _, r := range replies {
		if r.QR != nil {
			v.picture(ctx, to, *r.QR)
		}
	}
	return nil
}

// texts sends one message after the other, and returns those that were not
// sent.
func (v *wechatVoice) texts(ctx context.Context, to string, texts []string) (left []string, err error) {
	for i, text := range texts {
		if text == "" {
			continue
		}
		if err := v.client.Text(ctx, to, text); err != nil {
			return texts[i:], closed(err)
		}
	}
	return nil, nil
}

// closed translates the platform's "not now" into the desk's.
func closed(err error) error {
	if errors.Is(err, wechat.ErrClosed) || errors.Is(err, wechat.ErrQuota) {
		return fmt.Errorf("%w: %w", desk.ErrClosed, err)
	}
	return err
}

// picture sends the code itself, to be saved and scanned from the album. The
// page behind the link shows it too, so a failure here loses nothing.
func (v *wechatVoice) picture(ctx context.Context, to string, qr flows.QR) {
	media, err := v.pictures.Picture(ctx, qr.Content)
	if err == nil && media != "" {
		err = v.client.Image(ctx, to, media)
	}
	if media == "" || errors.Is(err, wechat.ErrMedia) {
		err = v.newPicture(ctx, to, qr)
	}
	if err != nil {
		v.log.Info("a code went out as a link only", slog.Any("error", err))
	}
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
	return v.pictures.KeepPicture(ctx, qr.Content, media)
}

// progress tells by template that the case has moved on, with a link to it.
func (v *wechatVoice) progress(ctx context.Context, to string, talk desk.TalkID, replies []flows.Reply) error {
	data := map[string]string{"thing1": "数字证书办理进度", "thing2": short(replies[0].Text)}
	err := v.client.Template(ctx, to, v.template, v.links.status(talk), data)
	if errors.Is(err, wechat.ErrClosed) {
		return fmt.Errorf("%w: %w", desk.ErrClosed, err)
	}
	return err
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
