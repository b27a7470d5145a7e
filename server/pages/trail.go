package pages

// The whole way as a line of milestones: on a phone as a bar with one sentence,
// on a wide screen with the name of each.

import "fmt"

// trail is the way, and where on it the applicant is, in words.
type trail struct {
	Here  string
	Steps []waypoint
}

// waypoint is a milestone with its state in words, because a colour alone says
// nothing to many.
type waypoint struct {
	Name  string
	Class string
	State string
	Now   bool
}

func along(way []Milestone) trail {
	t := trail{Here: fmt.Sprintf("全程共%d步", len(way))}
	done := 0
	for i, m := range way {
		w := waypoint{Name: m.Name, Class: "next", State: "未开始"}
		switch m.State {
		case "done":
			w.Class, w.State = "done", "已完成"
			done++
		case "now":
			w.Class, w.State, w.Now = "now", "正在办理", true
			t.Here = fmt.Sprintf("第%d步，共%d步：%s", i+1, len(way), m.Name)
		}
		t.Steps = append(t.Steps, w)
	}
	if len(way) > 0 && done == len(way) {
		t.Here = fmt.Sprintf("%d步全部完成", done)
	}
	return t
}
