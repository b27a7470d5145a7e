package flows

import (
	"strconv"
	"strings"
	"time"
)

// A photograph of a licence, or of the details for an invoice, saves typing
// (C14). What is read from it is only proposed: the applicant sees it on the
// page and sends it in. Of the picture nothing else is kept.

// picturesACase bounds what one case may have read: reading costs the operator.
const picturesACase = 10

// pictured takes a picture where a page can be filled from one.
func (m *move) pictured(step Step, sent Sent) bool {
	if sent.Picture.IsZero() || step.Page == nil || step.Page.Paste == nil {
		return false
	}
	m.via = "picture"
	n, _ := strconv.Atoi(m.c.Form.Text(KeyPictures))
	if n >= picturesACase {
		m.say("图片已经识别了很多次，请点开页面填写。")
		m.ask(step)
		return true
	}
	m.c.Form[KeyPictures] = Conceal(strconv.Itoa(n + 1))
	m.effects = append(m.effects, ReadPicture{Page: step.Page.ID, Picture: sent.Picture})
	m.say("图片收到了，正在识别，请稍候。图片我们不保存。")
	return true
}

// pictureRead opens the page with what was read. When the applicant has gone on
// meanwhile, it is of no use any more.
func (m *move) pictureRead(step Step, read PictureRead) {
	m.via = string(KindPictureRead)
	if !step.asks(read.Page) {
		return
	}
	labels := step.Page.labels(read.Found)
	if len(labels) == 0 {
		m.say("没有从图片里读到要填的内容。请换一张清楚、端正的照片，或点开页面填写。")
	} else {
		m.keep(read.Found)
		m.say("已从图片里读到：" + strings.Join(labels, "、") + "。请点开页面核对，没问题再提交。")
	}
	m.askAgain(step)
}

// FindOn finds what a page asks for in a text, as [Page.Paste] does: nothing on a
// page that is not there, or looks for nothing.
func (f *Flow) FindOn(page PageID, text string, at time.Time) Form {
	step, ok := f.Step(State(page))
	if !ok || !step.asks(page) || step.Page.Paste == nil {
		return nil
	}
	return step.Page.Paste(text, at)
}

// labels names the fields that have an answer, as the page does.
func (p Page) labels(found Form) []string {
	var all []string
	for _, f := range p.Fields {
		if found.Has(f.Key) {
			all = append(all, f.Label)
		}
	}
	return all
}
