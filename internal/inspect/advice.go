package inspect

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Advice says whether a model suits tuning.
type Advice struct {
	Kinds  []string `json:"kinds"`  // of the eight that users ask about, those that show
	Suited string   `json:"suited"` // yes, partly, limited, no
	Why    []string `json:"why"`    // what of config, template and name shows the kinds
	Text   string   `json:"text"`
}

// kind is one of the eight, with what to say of it.
type kind struct {
	name   string
	suited string
	shows  func(r *Report) string // what shows it; "" = nothing
	text   string
}

// ranks order the answers: of several kinds the most careful one counts.
var ranks = []string{"yes", "partly", "limited", "no"}

var kinds = []kind{
	{"vision", "yes", vision, "Vision models transfer well to niches (defects, medical images) with few examples, since early layers serve every image. fettle tunes text decoders only: use a framework for images."},
	{"multimodal", "partly", multimodal, "A multimodal model is two models and a bridge: text and images must stay aligned, and tuning the vision part is costly. Tuning the language part alone for text tasks works; fettle runs such a model only where its text part is a checkpoint of its own."},
	{"reasoning", "limited", reasoning, "A reasoning model got its thoughts from reinforcement learning, or from a teacher that did. Plain tuning on answers without thoughts teaches it to skip them, breeds invention and costs reasoning. If it must be this model: keep thoughts in the data, a small rank and learning rate, and measure a reasoning task before and after; otherwise tune its base."},
	{"reasoning", "partly", hybrid, "It can think before it answers, and its template can switch that off. Tuned and used without thoughts it takes to tasks, forms and tones as other models do; what it thinks then suffers, since plain tuning on answers alone teaches it to skip thoughts. Keep the switch as it was in training when you use it, and measure a reasoning task before and after if you need both."},
	{"distilled", "limited", distilled, "A distilled model holds compressed knowledge and has little room for more: the usual advice is not to tune it. We go half the way. " + narrowText},
	{"code", "yes", code, "A code model takes to the conventions and interfaces of a private repository well, and the result can be tested by running it. Check the licences of the code that goes in."},
	{"vertical", "yes", vertical, "A model of one profession (medicine, law) suits sharper rules of that field. What it gains there it may lose elsewhere: keep general questions in the exam, and let people of the field judge answers, as errors are costly."},
	{"industry", "yes", industry, "A base that saw an industry's data balances general and special ability and suits further tuning with a company's own."},
}

const taughtText = "Distilled here means that a larger model's thoughts were taught to a base of full size: its knowledge is that base's, its thoughts are the thin layer above, which further tuning wears off first."

const baseText = "A general base adapts fast: broad knowledge is there, and tuning gives it a task, a form and a tone. It suits tuning best. "

const narrowText = "New knowledge does not stick, and retrieval is the better way to it; a narrow task with a fixed form (labels, extraction, commands, tone) is learned well, fast and cheaply. "

// small is below the smallest models that keep general ability in common benchmarks.
const small = 700_000_000

const instructText = "This one is tuned to chat already (%s): good for teaching it more of the same shape; to teach another form of dialogue from the ground up, the untuned base is the cleaner start. "

// advise gathers the kinds that show and says what follows.
func (r *Report) advise() Advice {
	if r.Family == "unknown" {
		return Advice{Kinds: []string{"unknown"}, Suited: "unknown", Why: []string{"unknown: config.json names no model_type"},
			Text: "Without the kind of model nothing can be said of its use."}
	}
	a := Advice{Suited: "yes"}
	var texts []string
	for _, k := range kinds {
		why := k.shows(r)
		if why == "" {
			continue
		}
		if k.name == "distilled" && slices.Contains(a.Kinds, "reasoning") {
			k.text = taughtText
		}
		a.Kinds, a.Why = append(a.Kinds, k.name), append(a.Why, k.name+": "+why)
		texts = append(texts, k.text)
		a.Suited = worse(a.Suited, k.suited)
	}
	if len(a.Kinds) == 0 {
		a.Kinds, a.Why = []string{"base"}, []string{"base: " + r.general()}
		texts = []string{baseText}
		if chats := r.chats(); chats != "" {
			texts = append(texts, fmt.Sprintf(instructText, chats))
		}
	}
	if r.Parameters > 0 && r.Parameters < small && !slices.Contains(a.Kinds, "distilled") {
		a.Suited = worse(a.Suited, "limited")
		texts = append(texts, fmt.Sprintf("It is very small (%s parameters), which weighs more than its kind.", count(r.Parameters)), narrowText)
	}
	if len(a.Kinds) > 1 {
		texts = append(texts, "Several kinds show, and the most careful advice counts: borders blur.")
	}
	if len(r.Problems) > 0 {
		texts = append(texts, "fettle cannot run this one as it lies here (see the problem above); the advice holds for the model in any program.")
	}
	texts = append(texts, "This goes by config, template and name; whether tuning pays for your task, against retrieval, is measured by the eval stage.")
	a.Text = strings.Join(trimmed(texts), " ")
	return a
}

func worse(a, b string) string {
	return ranks[max(slices.Index(ranks, a), slices.Index(ranks, b))]
}

// general says why a model is taken for a general base.
func (r *Report) general() string {
	if why := r.named(baseWord); why != "" {
		return why
	}
	return "neither config nor template nor name shows another kind"
}

// chats says what shows that a model is tuned to chat, "" = nothing. A base's tokenizer may carry its family's template.
func (r *Report) chats() string {
	switch why := r.named(chatWord); {
	case why != "":
		return why
	case r.template != "" && r.named(baseWord) == "":
		return "it has a template"
	}
	return ""
}

func trimmed(texts []string) (out []string) {
	for _, t := range texts {
		out = append(out, strings.TrimSpace(t))
	}
	return out
}

// names are what the model calls itself: its folder and, where configs still say it, where it came from.
func (r *Report) names() string {
	var from string
	if json.Unmarshal(r.config["_name_or_path"], &from) != nil {
		from = ""
	}
	return r.Name + " " + from
}

// named finds a word in the names that an expression matches. Words end at signs and where a capital follows a small letter.
func (r *Report) named(re *regexp.Regexp) string {
	spaced := camel.ReplaceAllString(r.names(), "$1 $2")
	for _, word := range wordBreak.Split(strings.ToLower(spaced+" "+r.names()), -1) {
		if re.MatchString(word) {
			return fmt.Sprintf("the name says %q", word)
		}
	}
	return ""
}

var (
	camel     = regexp.MustCompile(`([a-z])([A-Z])`)
	wordBreak = regexp.MustCompile(`[^a-z0-9]+`)

	baseWord     = regexp.MustCompile(`^(base|pt|pretrained)$`)
	chatWord     = regexp.MustCompile(`^(instruct|chat|it|assistant)$`)
	reasonWord   = regexp.MustCompile(`^(r1|o1|o3|qwq|reason(ing|er)?|think(ing|er)?|cot|s1|openthinker|magistral)$`)
	distillWord  = regexp.MustCompile(`^(distil(l|led|lation)?|distil[a-z0-9]+|tiny[a-z]*|minitron)$`)
	codeWord     = regexp.MustCompile(`^(code[a-z0-9]*|coder|[a-z]*coder[0-9]*|codestral|devstral)$`)
	verticalWord = regexp.MustCompile(`^(med|medic[a-z]*|meditron|med[0-9a-z]*lm|medgemma|bio[a-z]*|clinic[a-z]*|health[a-z]*|pharm[a-z]*|law|lawyer|law[a-z]*gpt|legal[a-z]*|juri[a-z]*|saul)$`)
	industryWord = regexp.MustCompile(`^(fin|finance|financial|fingpt|finma|bank(ing)?|insur[a-z]*|tele(com|co|comm)[a-z]*|energy|retail|manufactur[a-z]*|industr[a-z]*|logistics|agri[a-z]*)$`)
)

func (r *Report) has(keys ...string) string {
	for _, key := range keys {
		if v, ok := r.config[key]; ok && string(v) != "null" {
			return "config.json has " + key
		}
	}
	return ""
}

func multimodal(r *Report) string {
	if r.has("text_config", "llm_config") == "" && strings.Contains(string(r.config["architectures"]), "ForCausalLM") {
		return ""
	}
	return r.has("vision_config", "audio_config", "image_token_index", "image_token_id", "mm_projector_type")
}

// visionTypes are model_types that see and do not speak.
var visionTypes = regexp.MustCompile(`^(vit.*|deit|beit|swin.*|dinov[23].*|clip_vision_model|siglip_vision_model|convnext.*|resnet|detr.*|yolos|segformer|sam.*|mask2former|efficientnet)$`)

func vision(r *Report) string {
	if visionTypes.MatchString(r.Family) {
		return "model_type is " + r.Family
	}
	return ""
}

// reasoning goes by name, and by a template that prints thoughts and cannot leave them out.
func reasoning(r *Report) string {
	if why := r.named(reasonWord); why != "" {
		return why
	}
	if r.thinks() && !r.switched() && r.named(baseWord) == "" {
		return "its chat template handles reasoning content"
	}
	return ""
}

// hybrid is a model that thinks or not as its template is told (Qwen 3, SmolLM 3).
func hybrid(r *Report) string {
	if r.thinks() && r.switched() && r.named(reasonWord) == "" && r.named(baseWord) == "" {
		return "its chat template can think before an answer, or not"
	}
	return ""
}

func distilled(r *Report) string { return r.named(distillWord) }
func code(r *Report) string      { return r.named(codeWord) }
func vertical(r *Report) string  { return r.named(verticalWord) }
func industry(r *Report) string  { return r.named(industryWord) }
