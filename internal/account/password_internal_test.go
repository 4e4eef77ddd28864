package account

import (
	"strings"
	"testing"

	"postern/internal/fault"
)

// owner is the account whose password is checked.
func owner() *Account {
	return &Account{User: User{Name: "Jane van Doe", Handle: "inkwell"}, Email: "scribbler.of.tales@daily.gazette.example"}
}

// usual is a service that asks of passwords what it does by default.
var usual = NewService(Options{})

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"umbrella gravel sixteen",
		"Umbrella!Gravel",
		"jane wrote umbrella gravel",
		"this is my umbrella, not gravel",
		"summer umbrella gravel",
		"aB3$kL9!mN2@pQ7",
		"xkqzwvubpjhfmdy",
		"mein Hund frisst gern Äpfel",
		"пароль из многих слов",
		"我的狗喜欢吃苹果和梨子还有香蕉",
		"#$%&/()=?{[]}+*~",
		"🐙🌵🎻🚲🧊🪐🥨🛶🧲🪁🦑🍋🧭🎈🧵",
		"umbrella gravel umbrella gravel x9", // twice what is long enough by itself
		strings.Repeat("umbrella gravel 9", 7),
		"umbrella\x00gravel\tsixteen\n",
		"               x7k9q2",
	} {
		if err := usual.checkPassword(normalizePassword(password), owner().words()...); err != nil {
			t.Errorf("checkPassword(%q) = %v, want nil", password, err)
		}
	}
}

func TestCheckPasswordRefusesWhatIsEasyToGuess(t *testing.T) {
	t.Parallel()
	for kind, passwords := range map[string][]string{
		"well known": {
			"correct horse battery staple", "CorrectHorseBatteryStaple", "thequickbrownfox", "to be or not to be",
			"this is my password", "maytheforcebewithyou", "may the force be with you!",
		},
		"a word and something": {
			"password123456789", "Password12345678", "PASSWORD!!!!!!!", "123456789password", "football12345678", "password1234567!",
			"passwordpassword1", "ｐａｓｓｗｏｒｄ12345678", "drowssap123456789",
		},
		"words joined": {"passwordpassword", "password password", "password-dragon-monkey", "letmeinletmein!", "iloveyouiloveyou", "Summer2026Summer"},
		"doubled":      {"Password1!Password1!", "passwordpasswordpasswordpassword", "Tr0ub4dor&3Tr0ub4dor&3", "adminadminadminadmin"},
		"repeated":     {"abcabcabcabcabc", "qweqweqweqweqwe", "asdasdasdasdasda", "abababababababab", "k7zk7zk7zk7zk7z", "2026202620262026"},
		"runs": {
			"123456789012345", "987654321098765", "aaaaaaaaaaaaaaa", "aaaaabbbbbccccc", "abcdefghijklmno", "11111111111111a",
			"               ", "!!!!!!!!!!!!!!!", "ááááááááááááááá", "ааааааааааааааа", "абвгдежзийклмно", "一一一一一一一一一一一一一一一", "🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂",
		},
		"keyboards": {
			"qwertyuiop12345", "qwertyqwertyqwerty", "asdfghjklasdfghjkl", "zxcvbnmasdfghjkl", "1qaz2wsx3edc4rfv", "1q2w3e4r5t6y7u8i",
			"zaq12wsxcde34rfv", "qazwsxedcrfvtgb",
		},
		"the owner's": {
			"jane van doe 2026", "Jane van Doe Jane", "janevandoe12345", "inkwellinkwell!", "Inkwell-12345678", "scribbler.of.tales@daily.gazette.example",
			"scribblergazette", "gazette gazette gazette", "janejanejanejane", "inkwell scribbler gazette", "1234567 jane doe",
			"scribbleroftales1", "dailygazetteexample", "daily.gazette.example2026!",
		},
	} {
		for _, password := range passwords {
			err := usual.checkPassword(normalizePassword(password), owner().words()...)
			if faults := fault.All(err); len(faults) != 1 || !strings.Contains(faults[0].Message, "easy to guess") {
				t.Errorf("checkPassword(%q), %s = %v, want it to be too easy to guess", password, kind, err)
			}
		}
	}
}

func TestCheckPasswordLength(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, password string
		good           bool
	}{
		{"empty", "", false},
		{"14", "xkqzwvubpjhfmd", false},
		{"15", "xkqzwvubpjhfmdy", true},
		{"14 of four bytes each", "🐙🌵🎻🚲🧊🪐🥨🛶🧲🪁🦑🍋🧭🎈", false},
		{"15 once composed", "xkqzwvubpjhfm" + "e\u0301a\u0301", true},
		{"14 once composed", "xkqzwvubpjhf" + "e\u0301a\u0301", false},
		{"128", strings.Repeat("xkqzwvub pjhfmdy", 8), true},
		{"129", strings.Repeat("xkqzwvub pjhfmdy", 8) + "x", false},
		{"128 of four bytes each", strings.Repeat("🐙🌵🎻🚲🧊🪐🥨🛶🧲🪁🦑🍋🧭🎈🧵🐢", 8), true},
		{"a megabyte", strings.Repeat("xkqzwvub", 1<<17), false},
		{"not UTF-8", "xkqzwvubpjhfmdy\xff", false},
	} {
		if err := usual.checkPassword(normalizePassword(test.password)); (err == nil) != test.good {
			t.Errorf("checkPassword(%s) = %v, want it to be good: %v", test.name, err, test.good)
		}
	}
}

// TestCheckPasswordOfAnotherLength asks of services for more or fewer characters, and for what they take to be short.
func TestCheckPasswordOfAnotherLength(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		least    int
		password string
		want     string // of what is wrong
	}{
		{8, "xkqzwvu", "A password has 8 to 128 characters; this one has 7."},
		{8, "xkqzwvub", ""},
		{8, "k7zk7zk7zk7z", "easy to guess"},
		{8, "k7zxq4mwk7zxq4mw", ""}, // twice what is long enough by itself
		{8, "password", "easy to guess"},
		{8, "Password1!", "easy to guess"},
		{8, "inkwell1", "easy to guess"},
		{8, strings.Repeat("xkqzwvub pjhfmdy", 8) + "x", "A password has 8 to 128 characters; this one has 129."},
		{20, "xkqzwvubpjhfmdycgst", "A password has 20 to 128 characters; this one has 19."},
		{20, "xkqzwvubpjhfmdycgstl", ""},
		{20, "xkqzwvubpjhfmdycg xkqzwvubpjhfmdycg", "easy to guess"},
		{128, strings.Repeat("xkqzwvub pjhfmdy", 7) + "zyxkqwvubpjhfmd", "A password has 128 to 128 characters; this one has 127."},
	} {
		err := NewService(Options{MinPassword: test.least}).checkPassword(test.password, owner().words()...)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("checkPassword(%q), where %d is the least, = %v, want %q", test.password, test.least, err, test.want)
		}
	}
}

func TestCheckPasswordQuotesNothing(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"dragon", "dragondragondragon", strings.Repeat("dragon", 100), "dragon dragon dragon\xff"} {
		if err := usual.checkPassword(password, "dragon"); err == nil || strings.Contains(err.Error(), "dragon") {
			t.Errorf("checkPassword(%q) = %v, want an error that does not quote it", password, err)
		}
	}
}

func TestNormalizePasswordTakesEveryWayToType(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ typed, want string }{
		{"", ""}, {" a ", " a "}, {"e\u0301", "é"}, {"A\u030a", "Å"}, {"\u212b", "Å"}, {"ﬁ", "ﬁ"}, {"Ａ", "Ａ"},
	} {
		if got := normalizePassword(test.typed); got != test.want {
			t.Errorf("normalizePassword(%+q) = %+q, want %+q", test.typed, got, test.want)
		}
	}
}

func TestCommonWordsAreFolded(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, word := range commonWords() {
		text := string(word)
		if text == "" || letters(text) != text || seen[text] {
			t.Errorf("common_passwords.txt has %q, want each word once, and so that it can be found", text)
		}
		seen[text] = true
	}
}
