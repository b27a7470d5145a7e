package wechattest_test

import (
	"testing"
	"time"
)

func TestPrint(t *testing.T) {
	w := newWorld(t, nil)
	must(t, w.SendPicture(person, onePixel, "营业执照\n杭州例子科技有限公司"))
	read := func(content []byte) map[string]any {
		return fileCall(t, w, "/cv/ocr/comm", "image", "img", "x.png", content)
	}
	answer := read(onePixel)
	items, _ := answer["items"].([]any)
	if code(answer) != 0 || len(items) != 2 || items[1].(map[string]any)["text"] != "杭州例子科技有限公司" {
		t.Errorf("read %v, want the two lines", answer)
	}
	if got := code(fileCall(t, w, "/cv/ocr/comm", "image", "media", "x.png", onePixel)); got != 101000 {
		t.Errorf("no picture in the call: %d, want 101000", got)
	}
	for _, content := range [][]byte{[]byte("no picture"), append(append([]byte{}, onePixel...), make([]byte, 2<<20)...)} {
		if got := code(read(content)); got != 101002 {
			t.Errorf("%d bytes that are no picture to be read: %d, want 101002", len(content), got)
		}
	}
	for range 99 {
		read(onePixel)
	}
	if got := code(read(onePixel)); got != 101003 {
		t.Errorf("the reading after the hundredth of a day: %d, want 101003", got)
	}
	w.clock.add(24 * time.Hour)
	if got := code(read(onePixel)); got != 0 {
		t.Errorf("the first reading of the next day: %d, want 0", got)
	}
}
