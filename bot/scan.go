// The way in for nearly every push, without the machinery of XML.

package bot

import (
	"bytes"
	"unicode/utf8"
)

var (
	opens   = []byte("<xml>")
	closes  = []byte("</xml>")
	inCDATA = []byte("<![CDATA[")
	endData = []byte("]]>")
)

// scan reads a push in the form in which WeChat writes them: one element, whose
// children have no attributes and hold text or one CDATA section each. It is
// false for anything else, however harmless: that is for the reader that knows
// all of XML, which takes forty times as long.
func scan(body []byte) (p push, plain bool) {
	if !utf8.Valid(body) {
		return p, false
	}
	rest, ok := bytes.CutPrefix(bytes.Trim(body, " \t\r\n"), opens)
	if !ok {
		return p, false
	}
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if bytes.Equal(rest, closes) {
			return p, true
		}
		var name, text []byte
		if name, text, rest, ok = child(rest); !ok {
			return p, false
		}
		if field := p.field(string(name)); field != nil {
			*field = string(text)
		}
	}
}

// child reads <name>text</name>, or the same with a CDATA section.
func child(rest []byte) (name, text, after []byte, ok bool) {
	end := bytes.IndexByte(rest, '>')
	if end < 2 || rest[0] != '<' || !word(rest[1:end]) {
		return nil, nil, nil, false
	}
	name, rest = rest[1:end], rest[end+1:]
	if data, is := bytes.CutPrefix(rest, inCDATA); is {
		text, rest, ok = bytes.Cut(data, endData)
	} else if end := bytes.IndexByte(rest, '<'); end >= 0 {
		text, rest, ok = rest[:end], rest[end:], true
		ok = !bytes.ContainsAny(text, "&\r") && !bytes.Contains(text, endData)
	}
	if !ok || bytes.ContainsFunc(text, func(r rune) bool { return printable(r) < 0 || r == '\r' || r == 0xfffe || r == 0xffff }) {
		return nil, nil, nil, false
	}
	closing := len("</") + len(name) + len(">")
	if len(rest) < closing || string(rest[:2]) != "</" || !bytes.Equal(rest[2:closing-1], name) || rest[closing-1] != '>' {
		return nil, nil, nil, false
	}
	return name, text, rest[closing:], true
}

func word(name []byte) bool {
	for i, c := range name {
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// field is where the text of an element belongs, or nil.
func (p *push) field(name string) *string {
	switch name {
	case "ToUserName":
		return &p.ToUserName
	case "FromUserName":
		return &p.FromUserName
	case "CreateTime":
		return &p.CreateTime
	case "MsgType":
		return &p.MsgType
	case "MsgId":
		return &p.MsgID
	case "Content":
		return &p.Content
	case "bizmsgmenuid":
		return &p.Choice
	case "Event":
		return &p.Event
	case "EventKey":
		return &p.EventKey
	case "MediaId":
		return &p.MediaID
	case "MsgID":
		return &p.ResultID
	case "Status":
		return &p.Status
	case "Recognition":
		return &p.Recognition
	case "Encrypt":
		return &p.Encrypt
	}
	return nil
}
