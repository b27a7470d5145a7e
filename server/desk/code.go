package desk

import (
	"context"
	"maps"

	"certdesk/flows"
)

// One-time codes on their way: by SMS, or by a telephone call that reads them
// aloud (M14).

const noCalls = "语音电话暂时打不了，请看看短信的拦截记录，或重新获取验证码。"

func (d *Desk) sendCode(ctx context.Context, ref Ref, e flows.SendCode) error {
	callable := d.cfg.Partners.Caller != nil
	if bool(e.Aloud) && !callable { // before it takes the place of what was sent
		return d.answer(ctx, ref, flows.CodeRefused{Why: noCalls})
	}
	code, err := d.newCode(ctx, ref.Talk, e, ref.String())
	switch {
	case err != nil || code.Sent:
	case bool(e.Aloud):
		err = d.cfg.Partners.Caller.Call(ctx, code.OneTime)
	default:
		err = d.cfg.Partners.Texter.Code(ctx, code.OneTime)
	}
	if why, no := refused(err); no {
		return d.answer(ctx, ref, flows.CodeRefused{Why: why})
	}
	if err != nil {
		return err
	}
	return d.answer(ctx, ref, flows.CodeSent{Mobile: code.Mobile, Aloud: e.Aloud, Callable: callable})
}

// newCode is a code of a talk, with the talk's word.
func (d *Desk) newCode(ctx context.Context, talk TalkID, e flows.SendCode, ref string) (Code, error) {
	code, err := d.cfg.Ledger.NewCode(ctx, talk, e, ref, d.cfg.Now())
	code.Word = d.word(talk)
	return code, err
}

// word stands in the messages to a talk (S13); empty when they carry none.
func (d *Desk) word(talk TalkID) string {
	if !d.cfg.Partners.Words {
		return ""
	}
	return flows.CheckWord(string(talk))
}

// worded is the form of a talk with its word, for the table to speak of.
func (d *Desk) worded(talk Talk) flows.Form {
	word := d.word(talk.ID)
	if talk.Case.Form.Text(flows.KeyWord) == word { // as after the first event
		return talk.Case.Form
	}
	form := maps.Clone(talk.Case.Form)
	if form == nil {
		form = flows.Form{}
	}
	form[flows.KeyWord] = flows.Conceal(word)
	if word == "" {
		delete(form, flows.KeyWord)
	}
	return form
}
