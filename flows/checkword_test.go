package flows

import (
	"fmt"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestCheckWords are 256 words of two characters, each once, and each is given
// to somebody.
func TestCheckWords(t *testing.T) {
	given := map[string]bool{}
	for n := range 10_000 {
		given[CheckWord(fmt.Sprint("talk", n))] = true
	}
	once := map[string]bool{}
	for _, word := range checkWords {
		if once[word] {
			t.Errorf("%s is there twice", word)
		}
		once[word] = true
		if !given[word] {
			t.Errorf("nobody of ten thousand has %s", word)
		}
		for _, r := range word {
			if !unicode.Is(unicode.Han, r) {
				t.Errorf("%q is not Chinese", word)
			}
		}
		if utf8.RuneCountInString(word) != 2 {
			t.Errorf("%s has not two characters", word)
		}
	}
	if len(once) != 256 {
		t.Errorf("%d words, want 256", len(once))
	}
	if a, b := CheckWord("a"), CheckWord("a"); a != b {
		t.Errorf("one name has the words %s and %s", a, b)
	}
}
