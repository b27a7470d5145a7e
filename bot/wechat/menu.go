// What an account offers without being asked: its menu, and codes to scan.

package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Button is one entry of the menu: a word that is said, a page that opens, or a
// list of such.
type Button struct {
	Name string   `json:"name"`
	Type string   `json:"type,omitempty"` // "click" or "view"; empty above a list
	Key  string   `json:"key,omitempty"`  // of a click; comes back as if typed
	URL  string   `json:"url,omitempty"`  // of a view
	Sub  []Button `json:"sub_button,omitempty"`
}

// Menu replaces the menu of the account: at most three buttons, each with at
// most five below it. Telephones show the new one within a day.
//
// Source: WeChat official account manual, chapter 自定义菜单.
func (c *Client) Menu(ctx context.Context, buttons []Button) error {
	k, err := post("/cgi-bin/menu/create", map[string]any{"button": buttons})
	if err != nil {
		return err
	}
	return c.do(ctx, k, nil)
}

// maxSceneTTL is the longest life of a temporary code: thirty days.
const maxSceneTTL = 2592000 * time.Second

// Forever is the life of a code that is printed: an account has 100,000 of them.
const Forever time.Duration = 0

// Scene makes a code that opens the account with a scene of 1 to 64 characters.
// It is good for ttl, of at least a second and at most thirty days, or [Forever]. The url is
// what the code is drawn from; the ticket is for [Client.ScenePicture].
//
// Source: WeChat official account manual, chapter 生成带参数的二维码.
func (c *Client) Scene(ctx context.Context, scene string, ttl time.Duration) (address, ticket string, err error) {
	asked := map[string]any{"action_name": "QR_LIMIT_STR_SCENE", "action_info": map[string]any{"scene": map[string]string{"scene_str": scene}}}
	switch {
	case ttl == Forever:
	case ttl < time.Second || ttl > maxSceneTTL:
		return "", "", fmt.Errorf("wechat: life of a code must be 1 s to 30 days, or for ever, not %v", ttl)
	default:
		asked["action_name"], asked["expire_seconds"] = "QR_STR_SCENE", int64(ttl/time.Second)
	}
	k, err := post("/cgi-bin/qrcode/create", asked)
	if err != nil {
		return "", "", err
	}
	var answer struct{ Ticket, URL string }
	if err := c.do(ctx, k, &answer); err != nil {
		return "", "", err
	}
	if answer.Ticket == "" || answer.URL == "" {
		return "", "", errors.New("wechat: /cgi-bin/qrcode/create: answer holds no code")
	}
	return answer.URL, answer.Ticket, nil
}

// ScenePicture returns where the platform shows the code of a ticket as a
// picture. No call is made.
func (c *Client) ScenePicture(ticket string) string {
	return c.cfg.MPURL + "/cgi-bin/showqrcode?ticket=" + url.QueryEscape(ticket)
}
