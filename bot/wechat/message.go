// Customer messages, and the pictures in them.

package wechat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
)

const sendPath = "/cgi-bin/message/custom/send"

// Text sends a text of at most 2047 bytes, in which <a href> may stand. It
// returns [ErrClosed], [ErrQuota] or [ErrBusy] among others; after an error that
// is not an [*Error] nobody knows whether the message arrived.
//
// Source: WeChat official account manual, chapter 客服消息.
func (c *Client) Text(ctx context.Context, openid, text string) error {
	return c.send(ctx, openid, "text", map[string]string{"content": text})
}

// Choice is one line of a menu that can be pressed. The person then says the
// label; the push holds the identifier, which is a number.
type Choice struct {
	ID    string `json:"id"`
	Label string `json:"content"`
}

// Offer sends a text, lines to be pressed, and a text below them. It returns
// [ErrKind] when the account may not send menus, as those of the sandbox.
func (c *Client) Offer(ctx context.Context, openid, head string, choices []Choice, tail string) error {
	return c.send(ctx, openid, "msgmenu", map[string]any{"head_content": head, "list": choices, "tail_content": tail})
}

// Image sends a picture that was uploaded in the last three days.
func (c *Client) Image(ctx context.Context, openid, mediaID string) error {
	return c.send(ctx, openid, "image", map[string]string{"media_id": mediaID})
}

func (c *Client) send(ctx context.Context, openid, kind string, content any) error {
	k, err := post(sendPath, map[string]any{"touser": openid, "msgtype": kind, kind: content})
	if err != nil {
		return err
	}
	return c.do(ctx, k, nil)
}

// maxImage is the smaller of the two limits that WeChat's manual gives for a
// picture, in bytes.
const maxImage = 2 << 20

// Upload stores a PNG picture for three days and returns the identifier to send
// it by, any number of times. The name ends in ".png". A picture over two
// megabytes is refused here.
//
// Source: WeChat official account manual, chapter 新增临时素材.
func (c *Client) Upload(ctx context.Context, name string, png []byte) (mediaID string, err error) {
	if len(png) > maxImage {
		return "", fmt.Errorf("wechat: picture has %d bytes, %d are allowed", len(png), maxImage)
	}
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	file, err := form.CreateFormFile("media", name)
	if err != nil {
		return "", fmt.Errorf("wechat: picture: %w", err)
	}
	if _, err := file.Write(png); err != nil {
		return "", fmt.Errorf("wechat: picture: %w", err)
	}
	if err := form.Close(); err != nil {
		return "", fmt.Errorf("wechat: picture: %w", err)
	}
	var answer struct {
		MediaID string `json:"media_id"`
	}
	err = c.do(ctx, call{
		method: http.MethodPost,
		path:   "/cgi-bin/media/upload",
		query:  url.Values{"type": {"image"}},
		kind:   form.FormDataContentType(),
		body:   buf.Bytes(),
	}, &answer)
	if err != nil {
		return "", err
	}
	if answer.MediaID == "" {
		return "", errors.New("wechat: /cgi-bin/media/upload: answer holds no media_id")
	}
	return answer.MediaID, nil
}
