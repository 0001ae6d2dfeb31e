package lang_test

import (
	"testing"

	"fettle/stages/clean/lang"
)

// TestInstructions: an instruction of two words may be too little to tell, but must not be taken for another language;
// a sentence of six words is told.
func TestInstructions(t *testing.T) {
	for want, group := range map[string]struct{ short, long []string }{
		"en": {
			short: []string{
				"Translate to French", "Explain gravity", "Tell me a joke", "Define entropy", "Rewrite in active voice", "Suggest a title",
				"Describe Paris", "Summarize this", "List prime numbers", "Fix the bug", "Name a river", "Sort ascending", "Sing a lullaby",
				"Continue", "Define inertia", "Paraphrase politely", "Describe a volcano", "Invent a machine", "Compute 3 * 7",
				"Translate into Italian", "Make it formal", "Recite a sonnet", "Generate a cartoon drawing of a cat.",
				"Construct a linear regression model to predict sales.",
			},
			long: []string{
				"Convert 54 miles per hour to feet per second.", "Write a short poem about the sea.",
				"Give three tips for staying healthy.", "What is the capital of Portugal?",
			},
		},
		"zh": {
			short: []string{"你好", "翻译成法语", "讲个笑话", "解释重力", "写一首诗"},
			long:  []string{"用 Python 写一个 quicksort 函数", "把 “Je suis étudiant” 翻译成中文", "帮我总结下面这段话的要点"},
		},
		"de": {
			short: []string{"Erkläre die Schwerkraft", "Nenne drei Flüsse", "Erzähl mir einen Witz"},
			long: []string{
				"Schreibe ein kurzes Gedicht über das Meer.", "Was ist die Hauptstadt von Portugal?",
				"Gestern haben wir im Garten lange gearbeitet.", "Bitte fasse den folgenden Text kurz zusammen.",
			},
		},
		"fr": {
			short: []string{"Explique la gravité", "Raconte une blague", "Traduis en anglais"},
			long: []string{
				"Écris un court poème sur la mer.", "Quelle est la capitale du Portugal ?",
				"Hier nous avons travaillé longtemps dans le jardin.", "Donnez trois conseils pour rester en bonne santé.",
			},
		},
		"es": {
			short: []string{"Explica la gravedad", "Cuenta un chiste", "Traduce al inglés"},
			long: []string{
				"Escribe un poema corto sobre el mar.", "¿Cuál es la capital de Portugal hoy?",
				"Ayer trabajamos mucho tiempo en el jardín.", "Da tres consejos para mantenerse sano y feliz.",
			},
		},
	} {
		for _, s := range group.short {
			if got := lang.Detect(s); got != want && got != "" {
				t.Errorf("Detect(%q) = %q, want %q or unknown", s, got, want)
			}
		}
		for _, s := range group.long {
			if got := lang.Detect(s); got != want {
				t.Errorf("Detect(%q) = %q, want %q", s, got, want)
			}
		}
	}
}
