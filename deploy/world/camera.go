// The camera of a telephone: it finds the picture that somebody points it at.

package world

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"image"
	_ "image/png" // what codes are drawn as
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"certdesk/bot/wechat/wechattest"
)

// camera sees the chat's pictures and the service's pages.
type camera struct {
	wechat  *wechattest.Platform
	service string
}

var errPicture = errors.New("world: no picture here")

const (
	mediaPath = "/world/wechat/media/"
	maxSide   = 4096 // of a picture, in pixels
)

// codeAt reads the code in a picture of the chat, or in a data URL. Other
// addresses are not opened.
func (c camera) codeAt(at string) (string, error) {
	content, err := c.picture(at)
	if err != nil {
		return "", err
	}
	return readCode(content)
}

// codeOnScreen reads the code on the page of the service that a browser with
// this cookie has open.
func (c camera) codeOnScreen(ctx context.Context, cookie string) (string, error) {
	page, err := fetch(ctx, c.service+"/h5/now", cookie)
	if err != nil {
		return "", err
	}
	shown := codeOnPage.FindSubmatch(page)
	if shown == nil {
		return "", fmt.Errorf("%w: the page shows no code", errPicture)
	}
	content, err := dataURL(html.UnescapeString(string(shown[1])))
	if err != nil {
		return "", err
	}
	return readCode(content)
}

func readCode(content []byte) (string, error) {
	head, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil || head.Width > maxSide || head.Height > maxSide {
		return "", fmt.Errorf("%w: not a PNG of a usable size", errPicture)
	}
	picture, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return "", fmt.Errorf("world: picture: %w", err)
	}
	return readQR(picture)
}

func (c camera) picture(at string) ([]byte, error) {
	switch {
	case strings.HasPrefix(at, "data:"):
		return dataURL(at)
	case strings.HasPrefix(at, mediaPath):
		content, ok := c.wechat.Media(strings.TrimPrefix(at, mediaPath))
		if !ok {
			return nil, errPicture
		}
		return content, nil
	}
	return nil, fmt.Errorf("%w: the camera sees the chat only", errPicture)
}

// codeOnPage is how the service's pages show a code: the picture is in the page.
var codeOnPage = regexp.MustCompile(`<img[^>]+src\s*=\s*"(data:image/png;base64,[^"]+)"`)

func dataURL(text string) ([]byte, error) {
	_, encoded, found := strings.Cut(text, ";base64,")
	content, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil {
		return nil, fmt.Errorf("%w: not a data URL", errPicture)
	}
	return content, nil
}

var browser = &http.Client{Timeout: 5 * time.Second}

func fetch(ctx context.Context, at, cookie string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, fmt.Errorf("world: page: %w", err)
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	answer, err := browser.Do(r)
	if err != nil {
		return nil, fmt.Errorf("world: page: %w", err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(io.LimitReader(answer.Body, maxImage))
	if err != nil {
		return nil, fmt.Errorf("world: page: %w", err)
	}
	return page, nil
}
