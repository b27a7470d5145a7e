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
	"strings"

	"certdesk/flows"
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
	k, err := attach("/cgi-bin/media/upload", "media", name, png)
	if err != nil {
		return "", err
	}
	k.query = url.Values{"type": {"image"}}
	var answer struct {
		MediaID string `json:"media_id"`
	}
	if err := c.do(ctx, k, &answer); err != nil {
		return "", err
	}
	if answer.MediaID == "" {
		return "", errors.New("wechat: /cgi-bin/media/upload: answer holds no media_id")
	}
	return answer.MediaID, nil
}

// attach makes a call whose body is one file of a form.
func attach(path, field, name string, content []byte) (call, error) {
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	file, err := form.CreateFormFile(field, name)
	if err == nil {
		_, err = file.Write(content)
	}
	if err := errors.Join(err, form.Close()); err != nil {
		return call{}, fmt.Errorf("wechat: %s: picture: %w", path, err)
	}
	return call{method: http.MethodPost, path: path, kind: form.FormDataContentType(), body: buf.Bytes()}, nil
}

// Read returns what is printed on a picture that a person has sent, a line for
// each run of words. Of the picture nothing is kept. One of over two megabytes is
// refused; the platform refuses what is no picture, and what goes beyond the
// account's readings of a day.
//
// Source: WeChat official account manual, chapters 获取临时素材 and 通用印刷体识别.
func (c *Client) Read(ctx context.Context, picture flows.Secret) (text flows.Secret, err error) {
	var content []byte
	get := call{method: http.MethodGet, path: "/cgi-bin/media/get", query: url.Values{"media_id": {picture.Reveal()}}}
	if err := c.do(ctx, get, &content); err != nil {
		return flows.Secret{}, err
	}
	k, err := attach("/cv/ocr/comm", "img", "picture.jpg", content)
	if err != nil {
		return flows.Secret{}, err
	}
	var answer struct {
		Items []struct {
			Text string `json:"text"`
		} `json:"items"`
	}
	if err := c.do(ctx, k, &answer); err != nil {
		return flows.Secret{}, err
	}
	var lines strings.Builder
	for _, item := range answer.Items {
		lines.WriteString(item.Text + "\n")
	}
	return flows.Conceal(lines.String()), nil
}
