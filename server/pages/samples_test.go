// The pages under test: every step of the manual that is asked on a page, shows
// a code, waits or offers a choice, drawn as the service draws it.
package pages

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"

	"certdesk/flows"
)

const (
	hotline  = "400-0878-198"
	password = "Geheim-4711"
	code     = "246802"
)

func manual() *flows.Flow { return flows.Manual(hotline) }

// known is a form with every answer that the manual shows.
func known() flows.Form {
	f := flows.Form{}
	for key, text := range map[flows.Key]string{
		flows.KeyKind: flows.KindCompany, flows.KeyPaper: flows.PaperHongKong, flows.KeyNewMobile: "13900139000",
		flows.KeyMobile: "13800138000", flows.KeyLogin: "13800138000", flows.KeyOrgName: "杭州某某信息科技有限公司",
		flows.KeyMethod: flows.MethodCompany, flows.KeyGrantURL: "https://certdesk.example/h5/grant/G1", flows.KeyGrantUntil: "11月24日 11:22",
		flows.KeyCreditCode: "91330106MA0000015K", flows.KeyTitle: "杭州某某信息科技有限公司", flows.KeyTaxNumber: "91330106MA0000015K",
		flows.KeyRecipient: "王小明", flows.KeyToMobile: "13800138000", flows.KeyProvince: "浙江省", flows.KeyCity: "杭州市",
		flows.KeyDistrict: "西湖区", flows.KeyDetail: "文三路90号东部软件园1号楼502", flows.KeyKeyFee: "200.00",
		flows.KeyCourierFee: "12.00", flows.KeyTotal: "212.00", flows.KeyPayeeName: "某某电子认证有限公司",
		flows.KeyPayeeAccount: "33001616781053000001", flows.KeyPayeeBank: "中国某某银行杭州分行", flows.KeyPayeeUntil: "11月30日 18:00",
		flows.KeyPayoutTail: "0001", flows.KeyAmountUntil: "11月30日 18:00", flows.KeyAmountTries: "3",
		flows.KeyOrderNo: "D20261123000017", flows.KeyPayUntil: "11月23日 22:30", flows.KeyFaceUntil: "11月24日 21:00",
		flows.KeyFaceURL: "https://desk.example/h5/face/7", flows.KeyPayQR: "https://qr.example/bax03206ug0kulveltqc80a8", flows.KeyTicket: "8KQ4-2M7P", flows.KeyTicketUntil: "11月23日 22:30",
	} {
		f[key] = flows.Conceal(text)
	}
	return f
}

// stepView draws a step as the handlers do.
func stepView(t *testing.T, flow *flows.Flow, step flows.Step, form flows.Form) View {
	t.Helper()
	c := flows.Case{At: step.At, Entry: "e1", Form: form}
	question := flow.Question(c)
	v := View{
		Title: flow.Fill(step.Title, form), Brand: "数字证书办理", Text: strings.Split(question.Text, "\n"),
		Action: "/h5/s/token", Nonce: "nonce1", Phone: flow.Phone,
	}
	for _, m := range flow.Milestones(c) {
		v.Trail = append(v.Trail, Milestone{m.Name, string(m.State)})
	}
	for _, choice := range question.Choices {
		v.Choices = append(v.Choices, Choice{choice.ID, choice.Label})
	}
	switch {
	case step.Page != nil:
		v.Form = &Form{Page: *step.Page, Values: values(*step.Page, form), Provinces: flows.Provinces(), Documents: "/h5/terms/"}
	case question.QR != nil:
		v.QR, v.Waiting = picture(t, question.QR.Content, question.QR.Caption), true
		v.QR.Until = question.QR.Until
	case len(step.Do) > 0 && len(question.Choices) == 0:
		v.Waiting = true
	case len(question.Choices) == 0:
		v.Over = "请回到微信继续。"
	}
	return v
}

// values holds more than a careful caller would give: the secrets too.
func values(page flows.Page, form flows.Form) map[flows.Key]string {
	in := map[flows.Key]string{}
	for _, f := range page.Fields {
		in[f.Key] = form.Text(f.Key)
	}
	in[flows.KeyPassword], in[flows.KeyPassword2], in[flows.KeyCode] = password, password, code
	return in
}

func picture(t *testing.T, link, caption string) *QR {
	t.Helper()
	png, err := qrcode.Encode(link, qrcode.Medium, 528)
	if err != nil {
		t.Fatal(err)
	}
	uri := template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png)) //nolint:gosec // our own bytes
	return &QR{PNG: uri, Caption: caption, Until: "11月23日 22:30", Link: link}
}

// sample is a page with a name, for messages and file names.
type sample struct {
	name string
	draw func(*bytes.Buffer) error
}

func of(name string, v View) sample {
	return sample{name, func(b *bytes.Buffer) error { return Render(b, v) }}
}

// samples is every step of the manual, every page of it with a problem in every
// field, and the states that no step of the manual has.
func samples(t *testing.T) []sample {
	t.Helper()
	flow := manual()
	var all []sample
	for _, chapter := range flow.Chapters {
		for _, step := range chapter.Steps {
			form := known()
			if step.At == flows.RegisterPerson || step.At == flows.ServiceReceipt {
				form[flows.KeyKind] = flows.Conceal(flows.KindPerson)
			}
			v := stepView(t, flow, step, form)
			all = append(all, of(string(step.At), v))
			if v.Form != nil {
				all = append(all, of(string(step.At)+"-refused", refused(v)))
			}
			if card, ok := flow.Card(flows.Case{At: step.At, Form: form}); ok {
				c := View{
					Title: card.Title, Brand: "数字证书办理", Text: strings.Split(card.Text, "\n"), Action: "/f/token", Nonce: "nonce1", Phone: hotline,
					Waiting: card.Page == nil,
				}
				if card.Page != nil {
					c.Form = &Form{Page: *card.Page, Values: map[flows.Key]string{}}
				}
				all = append(all, of(string(step.At)+"-card", c))
			}
			if v.QR != nil {
				v.InWeChat = true
				all = append(all, of(string(step.At)+"-wechat", v))
			}
		}
	}
	all = append(all,
		of("expired", View{Title: "链接不能使用", Brand: "数字证书办理", Why: "链接已过期。请回到聊天里发任意一句话，会得到新的链接，已经填好的不会丢。", Over: "请回到聊天里继续。", Phone: hotline}),
		of("news", View{
			Title: "填写对公账户", Brand: "数字证书办理", Text: []string{"第1步，请填写 杭州某某信息科技有限公司 的对公账户。"}, Phone: hotline,
			News: []string{"汇款没有成功：没有找到这个银行账户，请核对后重新填写。"}, Choices: []Choice{{"a", "改为我们汇款给你们"}},
		}),
		of("grant", View{
			Title: "用支付宝授权", Brand: "数字证书办理", Phone: hotline, Go: Link{"同意，去支付宝授权", "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?state=1"},
			Text: []string{"经办人：王**", "认证单位：杭州某某信息科技有限公司", "授权给：数字证书办理", "只核对这个支付宝是谁实名的。不读取登录密码、印章、成员和资金，不会让您付款；有人借此要您付款，请不要相信。"},
		}),
		of("grant-refused", View{
			Title: "授权没有通过", Brand: "数字证书办理", Phone: hotline, Go: Link{"重新授权", "/h5/grant/G1"},
			Why: "这是个人支付宝，不能代表单位授权。请用 杭州某某信息科技有限公司 的企业支付宝。",
		}),
		of("over", View{Title: "操作完成", Brand: "数字证书办理", Text: []string{"支付宝里的操作已完成。"}, Over: "请回到聊天里，会自动继续。", Phone: hotline}),
	)
	for _, a := range flows.Agreements() {
		all = append(all, sample{"document-" + a.ID, func(b *bytes.Buffer) error {
			return RenderDocument(b, Document{Agreement: a, Brand: "数字证书办理", Phone: hotline})
		}})
	}
	return all
}

// refused is the page as it comes back with something wrong in every field.
func refused(v View) View {
	form := *v.Form
	form.Problems = map[flows.Key]string{}
	for _, f := range form.Page.Fields {
		switch f.Input {
		case flows.InputFixed:
		case flows.InputAgree:
			form.Problems[f.Key] = "请先阅读并同意协议。"
		default:
			form.Problems[f.Key] = "请填写" + f.Label + "。"
		}
	}
	v.Form = &form
	return v
}

// formPages is every page of the manual that is filled in.
func formPages(t *testing.T) map[flows.PageID]View {
	t.Helper()
	flow, found := manual(), map[flows.PageID]View{}
	for _, chapter := range flow.Chapters {
		for _, step := range chapter.Steps {
			if step.Page != nil {
				found[step.Page.ID] = stepView(t, flow, step, known())
			}
		}
	}
	if len(found) < 6 {
		t.Fatalf("the manual has %d pages, want at least 6: %v", len(found), fmt.Sprint(slices.Collect(maps.Keys(found))))
	}
	return found
}
