package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"log/slog"

	"github.com/skip2/go-qrcode"

	"certdesk/bot"
	"certdesk/bot/wechat"
	"certdesk/flows"
	"certdesk/server/desk"
)

// wechatVoice carries replies that no push waits for: customer messages while
// the platform allows them, then the progress template.
type wechatVoice struct {
	client   *wechat.Client
	links    *links
	template string
	log      *slog.Logger
}

// Say implements [desk.Voice].
func (v *wechatVoice) Say(ctx context.Context, to string, talk desk.TalkID, replies []flows.Reply) error {
	text, rest := bot.Render(replies, v.links.of(talk))
	err := v.texts(ctx, to, append([]string{text}, rest...))
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

func (v *wechatVoice) texts(ctx context.Context, to string, texts []string) error {
	for _, text := range texts {
		if text == "" {
			continue
		}
		if err := v.client.Text(ctx, to, text); err != nil {
			return closed(err)
		}
	}
	return nil
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
	image, err := qrPNG(qr.Content)
	if err == nil {
		var media string
		if media, err = v.client.Upload(ctx, "qr.png", image); err == nil {
			err = v.client.Image(ctx, to, media)
		}
	}
	if err != nil {
		v.log.Info("a code went out as a link only", slog.Any("error", err))
	}
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

func short(text string) string {
	r := []rune(text)
	for i, c := range r {
		if c == '\n' || c == '。' {
			r = r[:i]
			break
		}
	}
	if len(r) > templateRunes {
		return string(r[:templateRunes-1]) + "…"
	}
	return string(r)
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
