package flows

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A message may hold what a page asks for: people have their address ready to
// be pasted, as they give it to every shop.

var (
	pastedMobile   = regexp.MustCompile(`(?:^|\D)((?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4}))(?:\D|$)`)
	pastedNumber   = regexp.MustCompile(`\d{15,}[Xx]?|\d{4}(?: \d{4}){3,}[ \d]*`) // an identity card's or a bank card's
	pastedLandline = regexp.MustCompile(`0\d{2,3}-\d{7,8}(?:-\d{1,6})?`)
	pastedLabel    = regexp.MustCompile(`(?:收货人姓名|收件人姓名|收货人|收件人|联系人|姓名|手机号码|手机号|联系电话|手机|固定电话|电话|座机|所在地区|收货地址|收件地址|详细地址|地址|住址|公民身份号码|身份证号码|身份证号?|银行卡号?)(?:\s*:|\s+)`)
	pastedName     = regexp.MustCompile(`^\p{Han}{2,4}(?:先生|女士|小姐)?$|^\p{Han}+·\p{Han}+$`)
	pastedPlace    = regexp.MustCompile(`[省市区县州盟旗镇乡村路街道号楼室栋]`)
	pastedCity     = regexp.MustCompile(`^(?:\p{Han}{1,10}?(?:自治州|地区|盟)|\p{Han}{1,8}?市)`)
	pastedDistrict = regexp.MustCompile(`^\p{Han}{1,14}?(?:自治县|新区|区|县|旗|市)`)
)

// pastedDelivery reads who receives a parcel and where, as far as a message
// says it. Nothing is guessed: what is not clear is left to be asked.
func pastedDelivery(text string, at time.Time) Form {
	found := Form{}
	take := func(k Key, value string, read func(string, time.Time) (string, error)) {
		if value, err := read(value, at); err == nil && !found.Has(k) {
			found[k] = Conceal(value)
		}
	}
	rest := pastedNumber.ReplaceAllString(halfWidth(text), "\n")
	rest = pastedLabel.ReplaceAllString(rest+"\n", "\n")
	if line := pastedLandline.FindString(rest); line != "" {
		take(KeyLandline, line, readLandline)
		rest = strings.Replace(rest, line, "\n", 1)
	}
	if m := pastedMobile.FindStringSubmatch(rest); m != nil {
		take(KeyToMobile, m[2], readMobile)
		rest = strings.Replace(rest, m[1], "\n", 1)
	}
	parts := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("\n\t ,，;；。、", r) })
	where := strings.Join(slices.DeleteFunc(slices.Clone(parts), func(part string) bool {
		name := pastedName.MatchString(part) && !pastedPlace.MatchString(part)
		if name {
			take(KeyRecipient, part, readRecipient)
		}
		return name
	}), "")
	pastedAddress(where, take)
	return found
}

// pastedAddress takes an address apart, from the province downwards.
func pastedAddress(where string, take func(Key, string, func(string, time.Time) (string, error))) {
	province, rest, ok := cutProvince(where)
	if !ok {
		p, rest, ok := cutPlace(where)
		if !ok {
			return
		}
		take(KeyProvince, p.Province, readProvince)
		take(KeyCity, p.City, readCity)
		take(KeyDistrict, p.District, readDistrict)
		take(KeyDetail, rest, readAddress)
		return
	}
	take(KeyProvince, province, readProvince)
	city := province
	if strings.HasSuffix(province, "市") { // one of the four that are their own city
		rest = strings.TrimPrefix(rest, province)
	} else {
		city = pastedCity.FindString(rest)
		rest = strings.TrimPrefix(rest, city)
	}
	if city == "" {
		return
	}
	take(KeyCity, city, readCity)
	district := pastedDistrict.FindString(rest)
	if district == "" || strings.ContainsAny(district, "路街道号村") {
		return // a street, not a district
	}
	take(KeyDistrict, district, readDistrict)
	take(KeyDetail, strings.TrimPrefix(rest, district), readAddress)
}

// cutProvince cuts a province off, by its whole name or the one people use.
func cutProvince(where string) (province, rest string, ok bool) {
	for _, p := range Provinces() {
		if rest, ok = strings.CutPrefix(where, p); ok {
			return p, rest, true
		}
	}
	for _, p := range Provinces() {
		if rest, ok = strings.CutPrefix(where, shortProvince(p)); ok {
			return p, strings.TrimPrefix(rest, "省"), true
		}
	}
	return "", "", false
}

// pasted takes a message that answers what the page must know. Of the rest, and
// of what the next step does not show again, it is only proposed: the page
// opens with it, for the applicant to see and send in.
func (m *move) pasted(step Step, text string) bool {
	if step.Page == nil || step.Page.Paste == nil {
		return false
	}
	found := step.Page.Paste(text, m.event.At)
	if len(found) == 0 || denied.MatchString(text) || m.flow.FAQ.Find(text).Asks {
		return m.mistyped(step, text)
	}
	if answers, ok := m.completes(*step.Page, found, text); ok {
		if len(step.Page.Fields) > 1 {
			m.say("已按您发来的内容填好，请核对。")
		}
		m.complete(step, answers)
		return true
	}
	m.via = "pasted"
	m.propose(step, found, "已按您发来的内容填好：")
	m.askAgain(step)
	return true
}

// denied is in a text that speaks of a value rather than gives it.
var denied = regexp.MustCompile(`不是|不对|专票|专用发票|为什么`)

// completes reads what was found as the answers to a page, if the text answers
// it by itself: two answers or more, or one that is all of the text; nothing that
// the page must know is missing, and nothing optional is given or would be lost,
// because the next step does not show it.
func (m *move) completes(page Page, found Form, text string) (answers Form, ok bool) {
	answers, refusals := page.Read(found, m.c.Form, m.event.At)
	if len(refusals) > 0 {
		return nil, false
	}
	for _, f := range page.Fields {
		switch {
		case f.Input == InputFixed && found.Has(f.Key),
			f.Optional && (found.Has(f.Key) || m.c.Form.Has(f.Key) || m.c.Proposed.Has(f.Key)):
			return nil, false
		case len(found) == 1 && found.Has(f.Key):
			whole, err := f.Read(text, m.event.At)
			return answers, err == nil && whole == found.Text(f.Key) || len(page.Fields) == 1
		}
	}
	return answers, true
}

// mistyped tells what is wrong with a long number that was typed where a page
// must know only one thing: it was meant to be that.
func (m *move) mistyped(step Step, text string) bool {
	if !bareNumber.MatchString(strip(text, " -")) {
		return false
	}
	var must []Field
	for _, f := range step.Page.Fields {
		if f.Input != InputFixed && !f.Optional {
			must = append(must, f)
		}
	}
	if len(must) != 1 {
		return false
	}
	_, err := must[0].Read(text, m.event.At)
	if err != nil {
		m.refuse(step, err)
	}
	return err != nil
}

var bareNumber = regexp.MustCompile(`^[0-9A-Za-z]{14,22}$`)

// propose puts answers on the page of a step, where the applicant sees them
// before they count, and names them. It says so when they speak of somebody
// else than the page does, and reports whether there were any.
func (m *move) propose(step Step, found Form, begin string) bool {
	var labels []string
	for _, f := range step.Page.Fields {
		switch {
		case !found.Has(f.Key):
		case f.Input == InputFixed:
			if known := m.c.Form.Text(f.Key); !SamePayee(known, found.Text(f.Key)) {
				m.say("请留意：里面写的是“" + found.Text(f.Key) + "”，这里办理的是“" + Show(f.Key, m.c.Form) + "”。")
			}
		default:
			m.c.Proposed = maps.Clone(m.c.Proposed)
			if m.c.Proposed == nil {
				m.c.Proposed = Form{}
			}
			m.c.Proposed[f.Key] = found[f.Key]
			labels = append(labels, f.Label)
		}
	}
	if len(labels) == 0 {
		return false
	}
	m.say(begin + strings.Join(labels, "、") + "。请点开页面核对、补全后提交。")
	return true
}

// shows is what of proposed answers a step's page asks for; nil for nothing.
func (s Step) shows(proposed Form) Form {
	var on Form
	for k, v := range proposed {
		if s.Page != nil && slices.ContainsFunc(s.Page.Fields, func(f Field) bool { return f.Key == k }) {
			if on == nil {
				on = Form{}
			}
			on[k] = v
		}
	}
	return on
}

// OnPage is what the page of the present step shows: the answers, and over them
// what was read from messages and pictures and not sent in yet.
func (c Case) OnPage() Form {
	shown := maps.Clone(c.Form)
	maps.Copy(shown, c.Proposed)
	return shown
}
