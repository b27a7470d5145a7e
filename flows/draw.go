package flows

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The manual drawn and printed from the table, so that neither can drift from
// what an applicant meets.

// States lists every step, in the order of the manual.
func (f *Flow) States() []State {
	var all []State
	for _, c := range f.Chapters {
		for _, s := range c.Steps {
			all = append(all, s.At)
		}
	}
	return all
}

// Awaits lists the reports that a step waits for, in the order of its rows.
func (f *Flow) Awaits(at State) []Kind {
	step, _ := f.Step(at)
	var kinds []Kind
	for _, x := range step.Exits {
		if x.On.got != "" && !slices.Contains(kinds, x.On.got) {
			kinds = append(kinds, x.On.got)
		}
	}
	return kinds
}

// Mermaid draws one chapter as a state diagram. A row that remains in its step
// is drawn as a loop; steps of other chapters are drawn where a row leads there.
func (f *Flow) Mermaid(c Chapter) string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, s := range c.Steps {
		fmt.Fprintf(&b, "  state %q as %s\n", string(s.At)+" "+s.Title, node(s.At))
		if s.At == f.Start {
			fmt.Fprintf(&b, "  [*] --> %s\n", node(s.At))
		}
		for _, x := range s.Past {
			fmt.Fprintf(&b, "  %s --> %s: at once [%s]\n", node(s.At), node(x.To), x.If.Name)
		}
		for _, x := range s.Exits {
			fmt.Fprintf(&b, "  %s --> %s: %s\n", node(s.At), node(target(s, x)), arrow(x))
		}
		if s.Back != "" {
			fmt.Fprintf(&b, "  %s --> %s: “%s”\n", node(s.At), node(s.Back), WordBack)
		}
		if s.End {
			fmt.Fprintf(&b, "  %s --> [*]\n", node(s.At))
		}
	}
	return b.String()
}

func target(s Step, x Exit) State {
	if x.To == Stay || x.To == Again {
		return s.At
	}
	return x.To
}

// node is a state's name as Mermaid takes it; returning from a detour leads to
// a step that is known only then.
func node(at State) string {
	if at == Return {
		return "where_it_began"
	}
	return strings.ReplaceAll(string(at), ".", "_")
}

// arrow is a caption without the one character that ends a Mermaid label.
func arrow(x Exit) string { return strings.ReplaceAll(x.caption(), ":", "：") }

// Markdown prints the whole manual as the applicant hears it.
func (f *Flow) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# 数字证书办理手册\n\n依据操作手册 %s 版。由 flows 生成，请勿手工修改。\n\n", f.Version)
	fmt.Fprintf(&b, "证书服务电话：%s。任何时候都可以回复：%s。\n", f.Phone,
		strings.Join([]string{WordHelp, WordBack, WordWhere, WordCancel, WordHuman}, "、"))
	for _, c := range f.Chapters {
		fmt.Fprintf(&b, "\n## %s\n", c.Title)
		if c.Only != "" {
			fmt.Fprintf(&b, "\n仅%s。\n", c.Only)
		}
		for _, s := range c.Steps {
			s.print(&b)
		}
	}
	b.WriteString("\n## 随时\n\n")
	for _, x := range f.Whenever {
		x.print(&b)
	}
	if f.FAQ != nil {
		b.WriteString("\n## 常见问题\n")
		for _, topic := range f.FAQ.Topics {
			fmt.Fprintf(&b, "\n### %s `%s`%s\n\n%s\n", topic.Asked[0], topic.ID, numbered(topic.Lines), f.Fill(topic.Answer, nil))
		}
	}
	b.WriteString("\n## 会话丢失后从哪里继续\n\n")
	for _, r := range f.Resumes {
		fmt.Fprintf(&b, "- %s → `%s`\n", r.Name, r.To)
	}
	return b.String()
}

func (s Step) print(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s `%s`%s\n\n", s.Title, s.At, numbered(s.Lines))
	fmt.Fprintf(b, "> %s\n\n", strings.ReplaceAll(strings.ReplaceAll(s.Ask, choicesPlace, "（各选项的说明）"), "\n", "  \n> "))
	fmt.Fprintf(b, "轮到%s，%s。", s.Turn.Who, s.Turn.Takes)
	if s.Back != "" {
		fmt.Fprintf(b, "“%s”回到 `%s`。", WordBack, s.Back)
	}
	fmt.Fprintf(b, "\n\n帮助：%s\n\n", s.Help)
	if s.Page != nil {
		s.Page.print(b)
	}
	if s.Read != nil {
		fmt.Fprintf(b, "- 可以直接回复：%s\n", s.Read.Name)
	}
	for _, a := range s.Do {
		fmt.Fprintf(b, "- 到达时：%s\n", a.Name)
	}
	for _, x := range s.Past {
		fmt.Fprintf(b, "- 到达时已是 [%s] → `%s`\n", x.If.Name, x.To)
	}
	for _, x := range s.Exits {
		x.print(b)
	}
}

func (p Page) print(b *strings.Builder) {
	fmt.Fprintf(b, "页面“%s”", p.Title)
	if p.Intro != "" {
		fmt.Fprintf(b, "：%s", p.Intro)
	}
	b.WriteString("\n\n")
	for _, field := range p.Fields {
		label := field.Label
		if field.Document != nil {
			label += field.Document.Title
		}
		if field.Input == InputFixed {
			label += "（不可修改）"
		}
		if field.Optional {
			label += "（可不填）"
		}
		fmt.Fprintf(b, "- %s%s\n", label, numbered(field.Lines))
	}
	fmt.Fprintf(b, "- 按钮“%s”\n\n", p.Submit)
}

func (x Exit) print(b *strings.Builder) {
	to := "`" + string(x.To) + "`"
	switch x.To {
	case Stay:
		to = "留在这里"
	case Again:
		to = "留在这里，说明原因并再问一次"
	case Return:
		to = "回到刚才那一步"
	}
	fmt.Fprintf(b, "- %s → %s%s\n", x.caption(), to, numbered(x.Lines))
	if x.Tells != "" {
		fmt.Fprintf(b, "  - 同时说明：%s\n", strings.TrimPrefix(x.Tells, "· "))
	}
}

// numbered prints line numbers as " (M5, M6)".
func numbered(lines []int) string {
	if len(lines) == 0 {
		return ""
	}
	var all []string
	for _, n := range slices.Sorted(slices.Values(lines)) {
		all = append(all, "M"+strconv.Itoa(n))
	}
	return "（" + strings.Join(all, "、") + "）"
}
