package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"certdesk/bot"
	"certdesk/flows"
)

// Pushes as WeChat sends them, made and delivered as cheaply as can be, so that
// a load test measures the service and not itself.

// sender makes the pushes of one official account. It may be used by many
// goroutines.
type sender struct {
	host     string
	original string
	token    string
	envelope *bot.Envelope // nil in plain mode
}

// newSender takes the address of a service on this machine, and the account's
// credentials by the names of the service's own variables.
func newSender(address, mode string, env func(string) string) (*sender, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || !loopback(u.Hostname()) {
		return nil, errors.New("only a service on this machine is put under load: http://127.0.0.1:port")
	}
	s := &sender{host: u.Host, original: env("CERTDESK_WECHAT_ORIGINAL_ID"), token: env("CERTDESK_WECHAT_TOKEN")}
	if s.token == "" {
		return nil, errors.New("CERTDESK_WECHAT_TOKEN is not set; --env names a file that has it")
	}
	if mode == "plain" {
		return s, nil
	}
	s.envelope, err = bot.NewEnvelope(s.token, flows.Conceal(env("CERTDESK_WECHAT_AES_KEY")), env("CERTDESK_WECHAT_APP_ID"))
	return s, err
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// push is the whole request that delivers one text message.
func (s *sender) push(openid, text, id string, now time.Time) ([]byte, error) {
	stamp, nonce := strconv.FormatInt(now.Unix(), 10), id
	inner := fmt.Sprintf("<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>%s</CreateTime>"+
		"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content><MsgId>%s</MsgId></xml>", s.original, openid, stamp, text, id)
	query := "signature=" + signature(s.token, stamp, nonce) + "&timestamp=" + stamp + "&nonce=" + nonce + "&openid=" + openid
	if s.envelope != nil {
		box, err := s.envelope.Seal([]byte(inner), now, nonce, rand.Reader)
		if err != nil {
			return nil, err
		}
		query += "&encrypt_type=aes&msg_signature=" + within(box, "<MsgSignature><![CDATA[", "]]>")
		inner = "<xml><ToUserName><![CDATA[" + s.original + "]]></ToUserName><Encrypt><![CDATA[" + within(box, "<Encrypt><![CDATA[", "]]>") + "]]></Encrypt></xml>"
	}
	return fmt.Appendf(nil, "POST /wechat?%s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", query, s.host, len(inner), inner), nil
}

func signature(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func within(text []byte, before, after string) string {
	_, rest, _ := bytes.Cut(text, []byte(before))
	found, _, _ := bytes.Cut(rest, []byte(after))
	return string(found)
}

// line is one connection, used by one goroutine at a time.
type line struct {
	host string
	conn net.Conn
	in   *bufio.Reader
}

const answerTime = 6 * time.Second // WeChat waits for five

// deliver sends a request and returns the status and the body. After an error
// the next request goes over a new connection.
func (l *line) deliver(request []byte) (status int, body []byte, err error) {
	if l.conn == nil {
		if l.conn, err = net.DialTimeout("tcp", l.host, answerTime); err != nil {
			l.conn = nil
			return 0, nil, err
		}
		l.in = bufio.NewReader(l.conn)
	}
	if status, body, err = l.exchange(request); err != nil {
		l.close()
	}
	return status, body, err
}

func (l *line) close() {
	if l.conn != nil {
		_ = l.conn.Close()
		l.conn = nil
	}
}

func (l *line) exchange(request []byte) (status int, body []byte, err error) {
	if err := l.conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return 0, nil, err
	}
	if _, err := l.conn.Write(request); err != nil {
		return 0, nil, err
	}
	length := 0
	for first := true; ; first = false {
		head, err := l.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		head = bytes.TrimRight(head, "\r\n")
		switch {
		case first:
			if len(head) < 12 {
				return 0, nil, errors.New("no HTTP")
			}
			if status, err = strconv.Atoi(string(head[9:12])); err != nil {
				return 0, nil, err
			}
		case len(head) == 0:
			body = make([]byte, length)
			_, err = io.ReadFull(l.in, body)
			return status, body, err
		case bytes.HasPrefix(bytes.ToLower(head), []byte("content-length:")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(head[15:]))); err != nil || length > 1<<20 {
				return 0, nil, fmt.Errorf("a body of %q bytes", head[15:])
			}
		}
	}
}
