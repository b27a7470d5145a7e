package flows

import (
	"strconv"
	"time"
)

// A photograph of a licence, or of the details for an invoice, saves typing
// (C14). What is read from it is only proposed: the applicant sees it on the
// page and sends it in. Of the picture nothing else is kept.

// mostPictures bounds what one applicant may have read, also over several
// cases: reading costs the operator.
const mostPictures = 10

// pictured takes a picture where a page can be filled from one.
func (m *move) pictured(step Step, sent Sent) bool {
	if sent.Picture.IsZero() || step.Page == nil || step.Page.Print == nil {
		return false
	}
	m.via = "picture"
	n, _ := strconv.Atoi(m.c.Form.Text(KeyPictures))
	if n >= mostPictures {
		m.say("图片已经识别了很多次，请点开页面填写。")
		m.ask(step)
		return true
	}
	m.save(PageID(KeyPictures), Form{KeyPictures: Conceal(strconv.Itoa(n + 1))})
	m.effects = append(m.effects, ReadPicture{Page: step.Page.ID, Picture: sent.Picture})
	m.say("图片收到了，正在识别，请稍候。图片我们不保存。")
	return true
}

// pictureRead proposes what was read. Whoever is on a detour finds it when they
// are back; whoever has gone on meanwhile needs it no more.
func (m *move) pictureRead(step Step, read PictureRead) {
	m.via = string(KindPictureRead)
	asks := step
	if left, ok := m.flow.Step(m.c.Left); ok {
		asks = left
	}
	if !asks.asks(read.Page) {
		return
	}
	if !m.propose(asks, read.Found, "已从图片里读到：") {
		m.say("没有从图片里读到要填的内容。请发一张清楚、端正的照片，不用发原图；也可以点开页面填写。")
	}
	m.askAgain(step)
}

// FindOn finds what a page asks for in the words of a picture, as [Page.Print]
// does: nothing on a page that is not there, or takes no pictures.
func (f *Flow) FindOn(page PageID, text string, at time.Time) Form {
	step, ok := f.Step(State(page))
	if !ok || !step.asks(page) || step.Page.Print == nil {
		return nil
	}
	return step.Page.Print(text, at)
}
