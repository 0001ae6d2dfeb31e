package lang

// language is told from others of its script by common words, by pieces of words (^ is their start, $ their end), and by
// letters that only foreign words have in it.
type language struct{ code, script, words, pieces, foreign string }

var languages = []language{
	{"en", "latin",
		"the of and to in is that it for was on are as with his they at be this have from or had by but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see no way could people my than first been call who its now find long down day did get come made may part you i a please must value only any cannot should does invalid enter file files information list open start run system display show create using set specific given available new default name current output input value text data line word work world year good great where why because between before after while under over again still through against both each few own same such very just don t s " +
			"following sentence sentences generate describe explain tell three four five one he me us our different example examples " +
			"identify story classify suggest statement summarize summary calculate person thing things change compare based learning " +
			"question questions answer analyze convert book website someone something need add better best least several rewrite translate " +
			"define design topic short joke paragraph help think know want take build edit reduce improve determine provide compose " +
			"construct names poem essay letter english french german spanish chinese reverse replace remove predict much being without " +
			"during ever never always often might every another making used uses whether since yes today water food health life country " +
			"city company history computer game movie music song school student business customer money house family friend child children " +
			"correct kind meaning noun number sum right high low say buy sell keep put read learn speak play ask try solve debug implement " +
			"outline recommend rank pick prepare recipe per choose happy old big small blue red green white next common",
		"^th the tion ing$ ed$ ^wh ght ould ^sh ness$ ly$ ough ee$ ea ow$ ck$ ^un ment$ ^y w y$ ers$ ^has$", "äöüßñãõçáéíóúàèìòùâêîôûåøæłąęśżźćńřěůčšžýğışđơưăőűșț"},
	{"de", "latin",
		"der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde sei ihr wenn kann bitte keine dieser diese dieses müssen muss ihre wert gültige ungültig " +
			"ich du wir mir mich mein meine meinen dein deine was wer warum welche welcher welches wurden werde würde soll sollte gibt gib " +
			"mal zwei drei alle allen deren diesen vom heute immer wieder schon gut neue neuen viele beim ohne gegen zwischen unter hier da " +
			"dann weil ob etwas schreibe erkläre nenne übersetze satz",
		"ß ä ö ü sch ung$ ich$ cht en$ ^ge ei ^ein ^ver ^aus ^be keit$ heit$ lich$ tz ^zu ch$ st$ ier ^un pf ck", "ñãõçáéíóúàèìòùâêîôûåøæłąęśżźćńřěůčšžýğışđơưăőűșț"},
	{"fr", "latin",
		"de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont la avec son sa ses aux ou comme mais nous vous leur cette elle on être fait été tout deux même si votre cet ces l d qu veuillez doit peut aucun aucune sans entre valeur " +
			"je tu moi mon ma mes ton ta tes ils elles lui y où quoi quel quelle quels quelles comment pourquoi quand dire faire avoir avez " +
			"avons ont suis es sommes était sous après avant très bien moins peu trois toujours aussi donc car leurs notre nos chaque écris " +
			"écrivez explique expliquez donne donnez phrase suivante suivant traduis traduisez combien peux veux faut demain hier cinq quatre vers chez encore déjà jamais ici là entreprise temps jour année monde vie",
		"é è ê à ç œ ù î ô eau eux$ ^l$ ^d$ ^qu tion$ ^é ent$ oir aux$ ez$ ai ou ^n$ ées$ ée$ é$ elle$ ette$ ille eur$ que$ res$ ois$", "ñãõáíóúìòäöüßåøłąęśżźćńřěůčšžýğışđơưăőűșț"},
	{"es", "latin",
		"de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra otros ese eso ante ellos e esto mí es son ser fue ha está puede debe asegúrese introduzca valor usted " +
			"qué cómo cuál cuáles quién dónde yo tú mi tu nuestro nuestra hacer tener tiene están estaba hoy ayer bien mejor mucho muchos " +
			"dos tres cada sino aunque antes después siempre nunca usar gracias estas estos nuestros nuestras utilizar incluya escribe explica traduce frase siguiente dime dame tiempo cinco hace hacia además mientras según cualquier alguien algo nada describe crea resume nombra genera mañana día años gente vida lista",
		"ñ á é í ó ú ción$ ^el$ dad$ ado$ ada$ os$ as$ ue ^es ll ando$ iendo$ ^h idad$ ción ió ones$ ar$ ero$ ra$ cio ^a$ ¿ ble$ ería$ mente$", "ãõçàèìòùâêîôûäößåøæłąęśżźćńřěůčšžýğışđơưăőűșțkw"},
	{"pt", "latin",
		"de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter seus quem nas me esse eles estão você tinha foram essa num nem suas meu às minha este esta são certifique insira informe senha ou usuário " +
			"tu qual quais onde porque fazer tenho hoje bem melhor cada dois três antes sempre nunca usar obrigado escreva explique frase " +
			"seguinte utilizar estas",
		"ã õ ç ção ções$ ão$ ões$ á é ê ô â í lh nh ^os$ ^um ado$ ada$ dade$ eir ei ou$ ^em$ ^do$ ^da$ m$ ante$ ente$ ss ar$ ^não$ vel$ ida$ ema$ ual$ tar$ izar$", "ñèìòùîûäöüßåøæłąęśżźćńřěůčšžýğışđơưăőűșțkwy"},
	{"it", "latin",
		"di e il la che in a per un è del non una i le con si da dei come più lo gli al della nel sono alla anche ma su ha delle o questo suo dal se ci questa ed essere nella ne tra era già sulla cui tutti stato molto dello degli quando l dell all un' c' può deve valore inserire inserisci assicurati solo sua ai dai nei chiave " +
			"mi mia mio tuo tua io tu lei noi voi cosa perché dove quale quali fare avere hanno oggi bene meglio ogni due tre prima dopo " +
			"sempre mai usare grazie scrivi spiega frase seguente",
		"zione$ zioni$ gli ^il$ ò ù ì à è tto$ tta$ tti$ ^del che ghi lla$ ssi ato$ ata$ ere$ are$ ire$ gio o$ i$ ^qu zz cc ^un uo ità$ ^s sc ola$ fre nte$ ore$ ella ione$ ono$ isci$ eri", "ñãõçáíóúâêîôûäöüßåøæłąęśżźćńřěůčšžýğışđơưăőűșțkwyxj"},
	{"nl", "latin",
		"de van een het en in is dat op te zijn met voor niet aan er om ook als dan maar bij of uit nog worden door naar heeft hij ze wordt tot je mijn deze over zich meer hebben kan wel wat werd moet u die geen zo onder was dit uw hun zal geldige ongeldige voer waarde bestaat velden kunt " +
			"ik jij wij we mij jouw wie waarom hoe welke twee drie alle vandaag altijd weer goed nieuwe veel zonder tegen tussen hier daar " +
			"omdat schrijf leg zin alles",
		"ij ee oo aa uu ^ge en$ sch oe ^ver ^het$ lijk$ ^een$ cht eid$ ui ^te$ ^de$ tie$ ^on ^ing ^aan ^be ^van$ eren$ erd$ ing$ ^z ^v nk ^bij ^op ^uit jn$ eld$", "ñãõçáíóúàìòùâîûäßåøæłąęśżźćńřěůčšžýğışđơưăőűșțq"},
	{"sv", "latin",
		"och i att det som en på är av för med den till inte har de om ett han men var jag sig från vi så kan när nu hade skulle ska hon eller än mot efter vid man alla under bara också denna detta dig du sin vara finns är ditt din inga ingen inom måste ange giltig giltigt ogiltig välj fält värdet " +
			"ni mig vad varför hur vilken vilka två tre idag alltid igen bra ny nya mycket utan mellan här där eftersom skriv",
		"å ä ö sk ^för ^och$ ^att$ ng$ nde$ ^är$ ar$ ^på$ ^inte$ ^en$ tt$ st$ na$ igt$ ade$ ll ^vä ^av ^å ^ä rna$ ck ning$ het$ ^mål", "ñãõçáíóúàèìòùâêîôûüßøæłąęśżźćńřěůčšžýğışđơưăőűșțwq"},
	{"pl", "latin",
		"i w na z do się nie to że jest o jak po od za przez ale dla co są tak oraz ten który był ich jego tym tylko może lub czy być jej przy już ze które jako tego bez także można ta jest musi proszę podaj wartość wprowadź nieprawidłowy użytkownik hasło",
		"ł ą ę ś ż ź ć ń ó sz cz rz ^w$ ^z$ ^prz ^nie ie owa ych$ ego$ ej$ ść wy ^się$ ka$ w ki$ ni j ją$ icz ania$ ^po y$", "ñãõçáéíúàèìòùâêîôûäöüßåøæřěůčšžýğışđơưăőűșțqvx"},
	{"cs", "latin",
		"a se v na je že s z do o i k to ve pro za by ale po jako jsou které která který od při tak nebo být jen byl bylo už jeho co ze si jeho není také musí lze tato tento této toto zadejte hodnota hodnotu vyberte heslo platné platný uživatel pole " +
			"já ty my vy mi mě kde kdy proč jak dva tři dnes vždy dobře nový nové více bez mezi tady protože napiš věta",
		"ř ě ů š č ž ý á í é ú ď ť ň ^př ní$ ého$ ou$ ost$ ch$ ^ne ^pro ^je$ ^v$ ým ých$ ován ání$ ^se$ ^na$ át$ tel$ te$", "ñãõçàèìòùâêîôûäöüßåøæłąęśżźćńğışđơưăőűșțqwx"},
	{"tr", "latin",
		"ve bir bu için ile da de çok en daha olarak gibi olan kadar var ne ama sonra her o ya değil mi ise ben veya tarafından olduğu bunu sadece iki göre önce yok hiç olmalıdır lütfen geçerli girin değer değil seçin parola kullanıcı",
		"ı ğ ş ç ö ü lar ler ^bir$ yor in$ ın$ lık lik dır$ dir$ mak$ mek$ an$ en$ ^k ^ge ları leri nız sı$ si$ i$ niz mış ması acak yı ^y ^de ile$ ^ol uy z$", "ñãõáéíóúàèìòùêôäßåøæłąęśżźćńřěůčšžýđơưăőűșțqwx"},
	{"vi", "latin",
		"và của là có không được các một trong cho với này đã những để người khi từ về như ra tôi bạn hãy nhập phải chỉ giá trị hoặc đến ở lại thể sẽ nhiều vào đó trên tại nếu hơn bằng hợp lệ chọn trang",
		"đ ơ ư ă ạ ả ấ ầ ẩ ậ ắ ằ ẵ ặ ẹ ẻ ẽ ế ề ể ễ ệ ỉ ị ọ ỏ ố ồ ổ ỗ ộ ớ ờ ở ỡ ợ ụ ủ ứ ừ ử ữ ự ỳ ỵ ỷ ỹ ĩ ũ nh$ ng$ ^ng ^nh ^tr ^th ^kh ^ch ^gi", "ñäöüßåøæçłąęśżźćńřěůčšžğışőűșțfjwz"},
	{"id", "latin",
		"yang dan di dari untuk pada dengan ini dalam tidak adalah akan itu atau oleh ke sebagai juga dapat telah ada bisa karena saya anda mereka lebih kami sudah harus hanya bukan jika saat satu para silakan masukkan nilai pastikan halaman kata sandi pengguna tanggal pilih semua berkas salah waktu hapus belum baru",
		"^me ^ber ^ter ^pe kan$ nya$ an$ ang ^di ah$ ^ke ng$ ^men ^mem ^meng ^peng ak$ sa$ asi$ ^se ng ai$ uk$ ^tid ap$ ^mas ^ak ia$ at$ ^ha ik$ um$ ra$", "ñãõçáéíóúàèìòùâêîôûäöüßåøæłąęśżźćńřěůčšžýğışđơưăőűșțqx"},
	{"ro", "latin",
		"și de în la cu pe nu este că un din să o care mai pentru sunt a fost sau ca ce prin au dacă ale lui acest această după fi",
		"ș ț ă ş ţ î ului$ rea$ ele$ ^și$ ă$ ^în", "ñãõçáéíóúàèìòùêôûäöüßåøæłąęśżźćńřěůčšžýğıđơưőűqwyk"},
	{"hu", "latin",
		"a az és hogy nem is egy ez meg van csak már volt de vagy mint kell ki el még azt lehet ha minden fel nincs",
		"ő ű sz gy ly ny ^a$ ^az$ ök$ ás$ ést$ nek$ nak$ ban$ ben$ cs á é ó ö zs ^meg", "ñãõçàèìòùâêîôûäßåøæłąęśżźćńřěůčšžýğışđơưășțqwx"},
	{"fi", "latin",
		"ja on ei se että oli hän ovat mutta kun niin mitä tai kuin joka ole myös sitä olla voi vain sen tämä ettei jos",
		"ää aa ii uu yy ssa$ ssä$ sta$ stä$ nen$ ksi$ ^ei$ ^on$ lla$ llä$ ien$ tä$ ään$ kk tt isi ä ö", "ñãõçáéíóúàèìòùâêîôûüßøæłąęśżźćńřěůčýğışđơưăőűșțqwxzcb"},
	{"da", "latin",
		"og i at det er en til af på for den med de der ikke som et har jeg du kan ved var vi fra skal om blev eller blive være efter også",
		"æ ø å ^af$ ^og$ ^ikke$ ede$ hed$ ^der$ gt$ ^er$ ige$", "ñãõçáíóúàèìòùâêîôûäöüßłąęśżźćńřěůčšžýğışđơưăőűșțqwxz"},
	{"ru", "cyrillic",
		"и в не на с что по это как из у за к от для но его а то все так же вы мы бы он она или было был только при если еще уже до их чтобы нет есть может вас пожалуйста должно быть " +
			"я мне меня ты вам нас наш где когда почему какой какая какие два три всё этот эта эти сегодня всегда хорошо новый другой очень " +
			"больше без между здесь потому напиши который которые",
		"ы э ё ый$ ий$ ого$ ие$ ться$ ть$ ния$ ет$ ите$ ая$ ое$ ей$ ами$ ных$ ^от ния ие$ ьн ьш ьк ьс ьт ский$ ся$ ем$", "іїєґўјљњђћџ"},
	{"uk", "cyrillic",
		"і в не на з що та до у як за це від для але його є або про й по при ви ми він вона бути чи лише також може якщо має ще цей",
		"і ї є ґ ти$ ння$ ого$ ^ви ий$ ться$ ^пі ють$ ості$ ії$ ів$ ься$ ено$ ти ння кт ^зна ^ко ні$ у$ ть$ ^да них$ ьн ьш ьк ьс ьт ський$ ся$", "ыэёъўјљњђћџ"},
	{"bg", "cyrillic",
		"и на в да се за от е с не са по като което който че до при си може или със само бъде това към ще беше но моля един една има няма без",
		"ъ та$ то$ те$ ите$ ата$ ят$ ^на$ ^да$ ^се$ ия$ ът$ ява ва$ ане$ ни$ щ ост$ ен$ на$ ява$ ки$ ето$ ^из тел лид ^въ ^съ ^по$ ^от$ ла$ ли$ ции$ ции ст$ ма$ тия ейл", "ыэёіїєґўјљњђћџ"},
	{"sr", "cyrillic", "и у је да се на за не су од са који као што", "ј љ њ ђ ћ џ", "ыэёъіїєґўщьюяй"},
	{"be", "cyrillic", "і ў не на з што та да у як за гэта для але яго", "ў ы і ё дз ць$ ццa", "ъщиїєґјљњђћџ"},
	{"ar", "arabic",
		"في من على إلى أن هذا التي عن مع لا ما هذه أو كان الذي كل هو قد بين هي ذلك لم بعد عند كما هناك لقد يجب غير قيمة",
		"ة ك ي ى أ إ ؤ ئ ^ال ^وال ون$ ين$ ات$ ^لل ^بال ها$ ^ي ^ت ء ض ظ ط ث", "پچژگکیٹڈڑںےہھ"},
	{"fa", "arabic",
		"و در به از که این را با است برای آن یک خود تا بر هم می شده شود باید نیست یا کنید لطفا هر اما وارد های کرد",
		"پ چ ژ گ ک ی ^می ها$ های$ ان$ ند$ ^ن ست$ ید$ ۀ ده$ ایی$", "ةكيىٹڈڑںےہھ"},
	{"ur", "arabic", "کے کی میں ہے اور سے کا کو پر نے ہیں یہ کہ اس بھی", "ٹ ڈ ڑ ں ے ہ ھ", "ةكي"},
}
