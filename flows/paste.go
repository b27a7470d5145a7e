package flows

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// A message may hold what a page asks for: people have their address ready to
// be pasted, as they give it to every shop.

var (
	pastedMobile   = regexp.MustCompile(`(?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4})`)
	pastedLandline = regexp.MustCompile(`0\d{2,3}-\d{7,8}(?:-\d{1,6})?`)
	pastedLabel    = regexp.MustCompile(`(?:收货人姓名|收件人姓名|收货人|收件人|联系人|姓名|手机号码|手机号|联系电话|手机|固定电话|电话|座机|所在地区|收货地址|收件地址|详细地址|地址)\s*[:：]`)
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
	rest := pastedLabel.ReplaceAllString(halfWidth(text), "\n")
	if line := pastedLandline.FindString(rest); line != "" {
		take(KeyLandline, line, readLandline)
		rest = strings.Replace(rest, line, "\n", 1)
	}
	if m := pastedMobile.FindStringSubmatch(rest); m != nil {
		take(KeyToMobile, m[1], readMobile)
		rest = strings.Replace(rest, m[0], "\n", 1)
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

// pasted takes a message that answers two fields of the page or more, or all
// that it must know. When nothing is missing, and nothing given before would be
// lost, the page is answered; else it opens with what is known.
func (m *move) pasted(step Step, text string) bool {
	if step.Page == nil || step.Page.Paste == nil {
		return false
	}
	found := step.Page.Paste(text, m.event.At)
	answers, refusals := step.Page.Read(found, m.c.Form, m.event.At)
	if len(found) == 0 || len(found) < 2 && len(refusals) > 0 {
		return false
	}
	if len(refusals) == 0 && !m.loses(*step.Page, answers) {
		if len(step.Page.Fields) > 1 {
			m.say("已按您发来的内容填好，请核对。")
		}
		m.complete(step, answers)
		return true
	}
	m.via = "pasted"
	m.keep(found)
	m.say("已按您发来的内容填好：" + strings.Join(step.Page.labels(found), "、") + "。请点开页面核对、补全。")
	m.askAgain(step)
	return true
}

// loses reports whether something optional is known that new answers leave out.
func (m *move) loses(p Page, answers Form) bool {
	return slices.ContainsFunc(p.Fields, func(f Field) bool {
		return f.Optional && m.c.Form.Has(f.Key) && !answers.Has(f.Key)
	})
}
