package wechat

import (
	"context"
	"strconv"
)

// The progress template: what reaches a person when no customer message may.

const templatePath = "/cgi-bin/message/template/send"

// Template sends a template message that opens url. Data are the template's
// keys; a "thing" holds at most twenty characters. It needs no open window, but
// the person must follow the account ([ErrClosed]). The platform has taken it
// then; whether it reached the person comes as a push that bears the returned
// identifier.
//
// Source: WeChat official account manual, chapter 模板消息.
func (c *Client) Template(ctx context.Context, openid, template, url string, data map[string]string) (id string, err error) {
	values := make(map[string]map[string]string, len(data))
	for key, value := range data {
		values[key] = map[string]string{"value": value}
	}
	k, err := post(templatePath, map[string]any{"touser": openid, "template_id": template, "url": url, "data": values})
	if err != nil {
		return "", err
	}
	var answer struct {
		MsgID int64 `json:"msgid"`
	}
	err = c.do(ctx, k, &answer)
	return strconv.FormatInt(answer.MsgID, 10), err
}
