package pages

// How a field of the manual is asked for in a browser: which keyboard a phone
// shows, what a browser may fill in by itself, what is kept and what is not.

import (
	"strings"

	"certdesk/flows"
)

// field is one question, ready for its template.
type field struct {
	ID       string // of the control; its rule and its problem are ID-rule and ID-problem
	Key      flows.Key
	Label    string
	Shape    string // template that draws it: "input", "province", "file", "fixed" or "agree"
	Type     string
	Mode     string // inputmode
	Auto     string // autocomplete
	Capitals bool   // a phone's keyboard writes capitals
	Example  string // in the empty field
	Rule     string // below the label, also while somebody types
	Value    string
	Ticked   bool
	Came     bool // files came before: none need come now
	Optional bool
	Secret   bool // its value is never written into a page
	Problem  string
	Resend   *Choice
	Places   []string
	Document flows.Agreement
	Text     []block // of the document
	Link     string  // of the document
}

// mending is one line of the summary of problems. ID is empty for a problem
// with something that the page does not show.
type mending struct{ ID, Text string }

func (f *Form) field(asked flows.Field) field {
	d := field{
		ID:       "f-" + string(asked.Key),
		Key:      asked.Key,
		Label:    asked.Label,
		Shape:    "input",
		Type:     "text",
		Auto:     fillable(asked.Key),
		Example:  asked.Hint,
		Optional: asked.Optional,
		Secret:   asked.Input == flows.InputPassword || asked.Key == flows.KeyCode,
		Problem:  f.Problems[asked.Key],
	}
	if !d.Secret {
		d.Value = f.Values[asked.Key]
	}
	switch asked.Input {
	case flows.InputText:
		d.Capitals = asked.Key == flows.KeyIDNumber || asked.Key == flows.KeyCreditCode || asked.Key == flows.KeyTaxNumber
	case flows.InputMobile:
		d.Type, d.Mode = "tel", "tel"
	case flows.InputNumber:
		d.Mode = "numeric"
	case flows.InputPassword:
		d.Type, d.Example, d.Rule = "password", "", asked.Hint
	case flows.InputFixed:
		d.Shape = "fixed"
	case flows.InputProvince:
		d.Shape, d.Places = "province", f.Provinces
	case flows.InputFile:
		d.Shape, d.Rule = "file", "JPG、PNG 或 PDF，每份不超过 8 MB，一次最多4份、共 20 MB"
		if n := d.Value; n != "" && n != "0" {
			d.Rule, d.Came = "已收到 "+n+" 份，可以再加。"+d.Rule, true
		}
	case flows.InputAgree:
		f.agree(&d, asked.Document)
	}
	return d
}

// agree draws a box to tick. The whole document unfolds beside it, because
// going to another page to read it would lose what has been typed.
func (f *Form) agree(d *field, doc *flows.Agreement) {
	d.Shape, d.Ticked = "agree", d.Value != ""
	if doc == nil {
		return
	}
	d.Document, d.Text = *doc, blocks([]string{doc.Text})
	if f.Documents != "" {
		d.Link = f.Documents + doc.ID
	}
}

// fillable is the autocomplete token of a key. What is a stranger's business
// card to a browser, such as an identity number, it is asked not to keep.
func fillable(k flows.Key) string {
	switch k {
	case flows.KeyLogin:
		return "username"
	case flows.KeyMobile, flows.KeyNewMobile:
		return "tel"
	case flows.KeyCode:
		return "one-time-code"
	case flows.KeyPassword, flows.KeyPassword2:
		return "new-password"
	case flows.KeyName:
		return "name"
	case flows.KeyOrgName:
		return "organization"
	case flows.KeyRecipient:
		return "shipping name"
	case flows.KeyProvince:
		return "shipping address-level1"
	case flows.KeyCity:
		return "shipping address-level2"
	case flows.KeyDistrict:
		return "shipping address-level3"
	case flows.KeyDetail:
		return "shipping address-line1"
	case flows.KeyToMobile:
		return "shipping tel"
	default:
		return "off"
	}
}

// mendings lists the problems in the order of the fields, and then those with
// an answer that the page does not ask for.
func (f *Form) mendings() []mending {
	var list []mending
	asked := map[flows.Key]bool{}
	for _, q := range f.Page.Fields {
		asked[q.Key] = true
		if problem := f.Problems[q.Key]; problem != "" {
			list = append(list, mending{"f-" + string(q.Key), about(q, problem)})
		}
	}
	for key, problem := range f.Problems {
		if !asked[key] && problem != "" {
			list = append(list, mending{"", problem})
		}
	}
	return list
}

// about says which field a problem is with, where the problem does not.
func about(q flows.Field, problem string) string {
	name := q.Label
	if q.Document != nil {
		name = q.Document.Title
	}
	if strings.Contains(problem, name) {
		return problem
	}
	return name + "：" + problem
}

// Described lists what explains the field to a screen reader.
func (f field) Described() string {
	var ids []string
	if f.Rule != "" {
		ids = append(ids, f.ID+"-rule")
	}
	if f.Problem != "" {
		ids = append(ids, f.ID+"-problem")
	}
	return strings.Join(ids, " ")
}
