package engage

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// decoderOf gives the encoding of a name that the Engage secret gives; nil for none. The names are those of the web
// (windows-1250 to 1258, iso-8859-x, koi8-r, koi8-u, gbk, gb18030, big5, shift_jis, euc-jp, euc-kr …), the numbers of
// Windows and the spellings of databases (WE8MSWIN1252, CP1252, WIN1252).
func decoderOf(name string) (encoding.Encoding, error) {
	if name == "" {
		return nil, nil
	}
	key := strings.ToLower(strings.NewReplacer("_", "-", " ", "").Replace(strings.TrimSpace(name)))
	if web, ok := codePages[strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(key, "windows-"), "cp"), "win")]; ok {
		key = web
	}
	e, err := htmlindex.Get(strings.ReplaceAll(key, "shift-jis", "shift_jis"))
	if canonical, nameErr := htmlindex.Name(e); err != nil || nameErr != nil || strings.HasPrefix(canonical, "utf-16") || canonical == "replacement" || canonical == "x-user-defined" || canonical == "iso-2022-jp" {
		return nil, fmt.Errorf("encoding %q is not known: use one of windows-1250 to windows-1258, windows-874, iso-8859-2 to iso-8859-16, koi8-r, koi8-u, gbk, gb18030, big5, shift_jis, euc-jp, euc-kr, utf-8", name)
	}
	return e, nil
}

// codePages are numbers and names of databases for the names of the web.
var codePages = map[string]string{
	"874": "windows-874", "932": "shift_jis", "936": "gbk", "949": "euc-kr", "950": "big5", "54936": "gb18030", "20866": "koi8-r", "21866": "koi8-u", "65001": "utf-8",
	"1250": "windows-1250", "1251": "windows-1251", "1252": "windows-1252", "1253": "windows-1253", "1254": "windows-1254", "1255": "windows-1255",
	"1256": "windows-1256", "1257": "windows-1257", "1258": "windows-1258",
	"we8mswin1252": "windows-1252", "ee8mswin1250": "windows-1250", "cl8mswin1251": "windows-1251", "tr8mswin1254": "windows-1254",
	"we8iso8859p1": "windows-1252", "zhs16gbk": "gbk", "ja16sjis": "shift_jis", "ko16mswin949": "euc-kr", "zht16mswin950": "big5", "al32utf8": "utf-8",
	"ee8iso8859p2": "iso-8859-2", "cl8iso8859p5": "iso-8859-5", "cl8koi8r": "koi8-r", "cl8koi8u": "koi8-u", "ja16sjistilde": "shift_jis", "ja16euc": "euc-jp", "ko16ksc5601": "euc-kr", "uhc": "euc-kr",
}

// noText are what shows that a part of a text is lost: NUL, which neither PostgreSQL nor the EX Org takes, and the mark
// that somebody's conversion left. A byte that no text has stands for them.
var noText = strings.NewReplacer("\x00", "\xff", "\uFFFD", "\xff")

// decode gives the text of bytes in an encoding (nil: UTF-8), and whether they are one. What is no text does not become
// one (model.IsText).
func decode(raw string, e encoding.Encoding) (string, bool) {
	if strings.Contains(raw, "\x00") || strings.Contains(raw, "\uFFFD") {
		return noText.Replace(raw), false
	}
	if e == nil || isASCII(raw) {
		return raw, utf8.ValidString(raw)
	}
	s, err := e.NewDecoder().String(raw)
	if err != nil || strings.ContainsRune(s, utf8.RuneError) {
		return invalid(raw), false
	}
	return s, true
}

// invalid makes sure that bytes which are no text in their encoding are none in UTF-8 either.
func invalid(raw string) string {
	if utf8.ValidString(raw) {
		return raw + "\xff"
	}
	return raw
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// encodingName is what the texts are taken for.
func (r *Reader) encodingName() string {
	if r.encoding == nil {
		return "UTF-8"
	}
	return fmt.Sprint(r.encoding)
}
