package flows

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The little language of transcripts, so that an operator can write a
// conversation down, and "certdesk talk" can play the world.
//
//	> 手机号                        the applicant says
//	> [重新获取验证码]              taps a choice of the present step
//	> [同意并继续]@person.consent   taps a choice of another step
//	> {voice}                       sends something that is not text
//	>> login=wang@example.com       sends in the page of the present step
//	>> page=person.page name=王小明 sends in another page
//	! paid no=D1 amount=218.00      the world reports
//	@ taken agent=a1 name=小林      the agents' desk
//
// A value with blanks stands in double quotes. A time is how far ahead it
// lies: until=30m.

// ErrScript is returned for a line that is not in the language.
var ErrScript = errors.New("flows: not understood")

// ReadScript reads one line of what happens to a case. At is the time of the
// event; a deadline is counted from it.
func ReadScript(line string, c Case, at time.Time) (Happening, error) {
	mark, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	rest = strings.TrimSpace(rest)
	switch mark {
	case ">":
		return readSaid(rest, c.At), nil
	case ">>":
		return readFilled(rest, c)
	case "!", "@":
		return readNews(mark, rest, c, at)
	}
	return nil, fmt.Errorf("%w: %q begins with none of > >> ! @", ErrScript, line)
}

func readSaid(text string, at State) Happening {
	if media, ok := strings.CutPrefix(text, "{"); ok {
		return readSent(strings.TrimSuffix(media, "}"))
	}
	label, ok := strings.CutPrefix(text, "[")
	if !ok {
		return Said{Text: text}
	}
	label, elsewhere, _ := strings.Cut(label, "]")
	if to, ok := strings.CutPrefix(elsewhere, "@"); ok {
		at = State(to)
	}
	return Said{Text: label, Choice: choiceID(at, label)}
}

// readSent reads what is no text; of a picture, what follows the word is where it
// is kept.
func readSent(media string) Sent {
	media, picture, _ := strings.Cut(media, " ")
	return Sent{Media: media, Picture: Conceal(picture)}
}

func readFilled(text string, c Case) (Happening, error) {
	values, err := pairs(text)
	if err != nil {
		return nil, err
	}
	page := PageID(c.At)
	if p, ok := values["page"]; ok {
		page = PageID(p)
		delete(values, "page")
	}
	form := Form{}
	for k, v := range values {
		form[Key(k)] = Conceal(v)
	}
	return Filled{Page: page, Values: form}, nil
}

// readNews reads a report, a clock, or what an agent did. The names of the
// values are those of the fields, in lower case.
func readNews(mark, text string, c Case, at time.Time) (Happening, error) {
	kind, rest, _ := strings.Cut(text, " ")
	values, err := pairs(rest)
	if err != nil {
		return nil, err
	}
	if mark == "@" && kind == "said" {
		kind = string(KindAgentSaid)
	}
	v := news{values: values, at: at}
	what := v.happening(Kind(kind), c)
	if what == nil {
		return nil, fmt.Errorf("%w: no report is called %q", ErrScript, kind)
	}
	for k := range values {
		if !slices.Contains(v.used, k) {
			v.errs = append(v.errs, fmt.Errorf("%w: %s has no %s", ErrScript, kind, k))
		}
	}
	return what, errors.Join(v.errs...)
}

// news takes the values of one line, and notes what it took.
type news struct {
	values map[string]string
	at     time.Time
	used   []string
	errs   []error
}

func (v *news) text(k string) string {
	v.used = append(v.used, k)
	return v.values[k]
}

func (v *news) secret(k string) Secret { return Conceal(v.text(k)) }

func (v *news) number(k string) int {
	text := v.text(k)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		v.errs = append(v.errs, fmt.Errorf("%w: %s=%s is no number", ErrScript, k, text))
	}
	return n
}

func (v *news) fen(k string) Fen {
	text := v.text(k)
	if text == "" {
		return 0
	}
	n, err := ParseFen(text)
	if err != nil {
		v.errs = append(v.errs, err)
	}
	return n
}

func (v *news) until() time.Time {
	text := v.text("until")
	if text == "" {
		return time.Time{}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		v.errs = append(v.errs, fmt.Errorf("%w: until=%s is no length of time", ErrScript, text))
	}
	return v.at.Add(d)
}

// happening fills in one kind of news; nil when the kind is none.
func (v *news) happening(kind Kind, c Case) Happening {
	switch kind {
	case KindFollowed:
		return Followed{Scene: v.text("scene")}
	case KindTaken:
		return Taken{Agent: v.text("agent"), Name: v.text("name"), From: v.text("from")}
	case KindHanded:
		return Handed{Agent: v.text("agent")}
	case KindAgentSaid:
		return AgentSaid{Agent: v.text("agent"), Text: v.text("text")}
	case KindUnheard:
		return Unheard{Texts: []Secret{v.secret("text")}}
	case KindWaited:
		if entry := v.text("entry"); entry != "" {
			return Waited{Entry: entry}
		}
		return Waited{Entry: c.Entry, Nudge: v.number("nudge")}
	case KindPictureRead:
		return v.picture()
	case KindBranchesFound:
		return v.branches(c.Form.BranchQuery())
	case KindPhoneKnown:
		return PhoneKnown{Mobile: v.secret("mobile")}
	case KindAgentCalled:
		return AgentCalled{Before: v.number("before")}
	case KindCodeSent:
		return CodeSent{Mobile: v.secret("mobile"), Aloud: v.text("aloud") != "", Callable: v.text("callable") != ""}
	case KindJoinReady:
		return JoinReady{Code: v.secret("code"), Until: v.until(), To: Channel(v.text("to")), URL: v.secret("url")}
	case KindJoinFound:
		return JoinFound{Code: v.secret("code"), Whose: v.text("whose")}
	case KindJoinRefused:
		return JoinRefused{Why: v.text("why")}
	case KindJoinedBy:
		return JoinedBy{Channel: Channel(v.text("channel"))}
	case KindPhoneChanged:
		return PhoneChanged{Mobile: v.secret("mobile"), Old: v.secret("old")}
	case KindPhoneRefused:
		return PhoneRefused{Why: v.text("why")}
	case KindCodeRefused:
		return CodeRefused{Why: v.text("why")}
	case KindRegistered:
		return Registered{Login: v.secret("login")}
	case KindNotRegistered:
		return NotRegistered{Field: Key(v.text("field")), Why: v.text("why")}
	case KindFaceOpened:
		return FaceOpened{URL: v.text("url"), Until: v.until()}
	case KindFaceRefused:
		return FaceRefused{Why: v.text("why")}
	case KindFaceDone:
		return FaceDone{Name: v.secret("name")}
	}
	return v.money(kind)
}

// picture takes every value but the page's name as one that was read.
func (v *news) picture() Happening {
	read := PictureRead{Page: PageID(v.text("page")), Found: Form{}}
	for k := range v.values {
		if k != "page" {
			read.Found[Key(k)] = v.secret(k)
		}
	}
	return read
}

// branches takes CODE_NAME|CODE_NAME, and what was asked for when it was
// something else than the case asks now.
func (v *news) branches(q BranchQuery) Happening {
	if name := v.text("asked"); name != "" {
		q.Name = name
	}
	return q.Found(branchesIn(strings.NewReplacer("|", "\n", "_", " ").Replace(v.text("list"))))
}

func (v *news) money(kind Kind) Happening {
	switch kind {
	case KindTransferOpened:
		to := Payee{Name: v.text("name"), Account: v.text("account"), Bank: v.text("bank")}
		return TransferOpened{To: to, Until: v.until()}
	case KindCompanyProved:
		return CompanyProved{Payer: v.secret("payer"), Org: v.secret("org"), Code: v.secret("code")}
	case KindTransferWrong:
		return TransferWrong{Why: v.text("why")}
	case KindPayoutSent:
		return PayoutSent{Tail: v.text("tail"), Until: v.until(), Left: v.number("left")}
	case KindPayoutRefused:
		return PayoutRefused{Why: v.text("why")}
	case KindPayoutNotYet:
		return PayoutNotYet{Why: v.text("why")}
	case KindAmountWrong:
		return AmountWrong{Left: v.number("left"), Why: v.text("why")}
	case KindNameDiffers:
		return NameDiffers{Org: Organisation{Name: v.secret("org"), CreditCode: v.secret("code")}}
	case KindNotRepresentative:
		return NotRepresentative{Why: v.text("why")}
	case KindGrantOpened:
		return GrantOpened{URL: v.text("url"), Until: v.until()}
	case KindGrantRefused:
		return GrantRefused{Why: v.text("why")}
	case KindOrdered:
		return Ordered{No: v.text("no"), Key: v.fen("key"), Courier: v.fen("courier"), Total: v.fen("total")}
	case KindPayOpened:
		return PayOpened{QR: v.text("qr"), Trade: v.text("trade"), Until: v.until()}
	case KindPayRefused:
		return PayRefused{Why: v.text("why")}
	case KindPaid:
		return Paid{No: v.text("no"), Amount: v.fen("amount"), Ships: v.text("ships")}
	}
	return v.parcel(kind)
}

func (v *news) parcel(kind Kind) Happening {
	switch kind {
	case KindBooked:
		return Booked{Waybill: v.text("waybill")}
	case KindShipped:
		return Shipped{Waybill: v.text("waybill")}
	case KindParcelMoved:
		return ParcelMoved{Where: v.text("where")}
	case KindDelivered:
		return Delivered{Where: v.text("where")}
	case KindParcelTrouble:
		return ParcelTrouble{Where: v.text("where")}
	case KindTicketReady:
		return TicketReady{Code: v.secret("code"), Until: v.until()}
	case KindKeyStep:
		return KeyStep{Step: v.number("step"), Name: v.text("name"), State: v.text("state")}
	case KindActivated:
		return Activated{Serial: v.text("serial")}
	case KindLeft, KindFaceNotYet, KindTransferNotYet, KindBranchesUnknown, KindRepresentativeNamed, KindGrantNotYet, KindCompanyUnproved, KindProofLapsed, KindJoined, KindPayNotYet:
		return HappeningOf(kind) // nothing to tell but that it happened
	}
	return nil
}

// pairs reads name=value and name="a value", separated by blanks.
func pairs(text string) (map[string]string, error) {
	values := map[string]string{}
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		name, rest, ok := strings.Cut(text, "=")
		if !ok || name == "" || strings.ContainsAny(name, " \"") {
			return nil, fmt.Errorf("%w: %q is not name=value", ErrScript, text)
		}
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			values[name], text, ok = strings.Cut(quoted, `"`)
			if !ok {
				return nil, fmt.Errorf("%w: the quote of %s is not closed", ErrScript, name)
			}
			continue
		}
		values[name], text, _ = strings.Cut(rest, " ")
	}
	return values, nil
}

// Script writes an outcome down: what is said, what is asked of the world, and
// where the case stands. What people typed is not in it.
func (o Outcome) Script() []string {
	var lines []string
	for _, r := range o.Replies {
		lines = append(lines, r.script()...)
	}
	for _, k := range slices.Sorted(maps.Keys(o.Refusals)) {
		lines = append(lines, "< {refused: "+strings.TrimSpace(string(k)+" "+o.Refusals[k])+"}")
	}
	for _, e := range o.Effects {
		lines = append(lines, "* "+describe(e))
	}
	return append(lines, "= "+string(o.Case.At)+" ("+o.Via+")")
}

func (r Reply) script() []string {
	lines := strings.Split(r.Text, "\n")
	var labels []string
	for _, c := range r.Choices {
		labels = append(labels, c.Label)
	}
	if len(labels) > 0 {
		lines = append(lines, "["+strings.Join(labels, "|")+"]")
	}
	if r.Page != nil {
		lines = append(lines, "{page: "+r.Page.Title+"}")
	}
	if r.QR != nil {
		lines = append(lines, "{qr: "+r.QR.Caption+"}")
	}
	if r.Card != nil {
		lines = append(lines, "{card: "+r.Card.Title+"}")
	}
	for i, line := range lines {
		lines[i] = []string{"< ", "<   "}[min(i, 1)] + line
	}
	return lines
}

// describe names an effect and what of it is nobody's secret.
func describe(e Effect) string {
	verb := string(e.Verb())
	switch x := e.(type) {
	case Save:
		var names []string
		for k := range x.Form {
			names = append(names, string(k))
		}
		slices.Sort(names)
		return verb + " " + string(x.Page) + ": " + strings.Join(names, " ")
	case Agree:
		return verb + " " + x.Document + " " + x.Version
	case Withdraw:
		return verb + " " + x.Document
	case Own:
		return strings.TrimSpace(verb+" "+string(x.Owner.Kind)+" "+x.Owner.Agent) + " #" + strconv.FormatInt(x.Owner.Epoch, 10)
	case Wait:
		if x.Nudge > 0 {
			return verb + " " + x.For.String() + " for reminder " + strconv.Itoa(x.Nudge)
		}
		return verb + " " + x.For.String()
	case SendCode:
		if x.Aloud {
			verb += " aloud"
		}
		return verb + " " + string(x.Purpose)
	case CallAgent:
		return verb + " " + x.Why
	case OfferJoin:
		return verb + " " + string(x.To)
	case Orphan:
		return verb + " " + string(x.Report)
	}
	return verb
}
