package engagetest

import (
	"fmt"
	"strings"
)

// The words are functions and not variables, so that no test can change what another sees.

// firstNames returns first names of several languages.
func firstNames() []string {
	return strings.Fields(`Anna James María Jürgen Chloé Piotr Ayşe João Giulia Bjørn Priya Kenji Olivia Mateo Zoë Łukasz Mehmet Inês Marco Søren
		Rahul Yuki Emma Diego Léa Katarzyna Elif Tiago Chiara Åsa Arjun Haruto Noah Lucía Théo Agnieszka Emre Beatriz Luca Ingrid Deepa Sakura Ava
		Sebastián Camille Tomasz Zeynep Rui Francesca Mikael Sanjay Aiko Liam Núria Amélie Wojciech Hülya Sofia Matteo Astrid Meera Daichi Grace
		Andrés Élodie Małgorzata Burak Gonçalo Alessia Håkan Vikram Naoko Ethan Ximena Noémie Paweł Fatma Margarida Davide Signe`)
}

// lastNames returns last names of several languages. Their number shares no factor with that of the first names, so pairs repeat late.
func lastNames() []string {
	return strings.Fields(`Smith García Müller Dubois Kowalski Yılmaz Silva Rossi Hansen Patel Tanaka Johnson Fernández Schäfer Lefèvre Nowak Demir
		Santos Bianchi Johansson Sharma Suzuki Brown Rodríguez Weiß Moreau Wiśniewski Kaya Ferreira Esposito Nielsen Kumar Takahashi Wilson López
		Köhler Bernard Wójcik Şahin Oliveira Colombo Andersson Singh Watanabe O'Brien Martínez Groß Girard Lewandowski Çelik Pereira Ricci Lindström
		Gupta Itō Davies Sánchez Jäger Bonnet Zieliński Öztürk Costa Marino Sørensen Reddy Kobayashi Clarke Núñez Böhm Françoise Dąbrowski Aydın
		Sousa Gallo Bergström Mehta Yamamoto MacDonald Ibáñez Krüger Rousseau Szymański Arslan Gonçalves Conti Åkesson Iyer Nakamura Walker Peña
		Vogel Fontaine Kamiński Doğan Araújo Bruno Håkansson Nair Fujita`)
}

// languages returns the names of languages with their codes, the most spoken in contact centres first.
func languages() (names, codes []string) {
	pairs := strings.Fields(`English EN Spanish ES German DE French FR Portuguese PT Italian IT Polish PL Turkish TR Dutch NL Swedish SV Danish DA Norwegian NO
		Finnish FI Czech CS Hungarian HU Romanian RO Greek EL Bulgarian BG Croatian HR Slovak SK Slovenian SL Russian RU Ukrainian UK Arabic AR Hebrew HE
		Hindi HI Bengali BN Tamil TA Urdu UR Japanese JA Korean KO Mandarin ZH Cantonese YUE Thai TH Vietnamese VI Indonesian ID Malay MS Catalan CA
		Basque EU Welsh CY`)
	for i := 0; i < len(pairs); i += 2 {
		names, codes = append(names, pairs[i]), append(codes, pairs[i+1])
	}
	return names, codes
}

// topics returns what callers call about.
func topics() []string {
	return []string{
		"Billing", "Sales", "Mortgage", "Claims", "Support", "Retention", "Cards", "Loans", "Onboarding", "Complaints",
		"Collections", "Fraud", "Accounts", "Payments", "Insurance", "Roadside", "Broadband", "Mobile", "TV", "Outage",
		"Orders", "Returns", "Delivery", "Warranty", "Booking", "Loyalty", "Baggage", "Refunds", "Pensions", "Investments",
		"Savings", "Legal", "Dispatch", "Renewals", "Cancellations", "Helpdesk", "Password Reset", "Field Service", "Appointments", "Switchboard",
	}
}

// lines returns business lines.
func lines() []string {
	return []string{
		"Retail", "Business", "Corporate", "Premium", "Partner", "Student", "Wholesale", "Public Sector", "Online", "Branch",
		"North", "South", "East", "West", "Central", "Export", "Domestic", "Legacy", "Pilot", "Night Shift",
	}
}

// skillName returns the k-th name of a skill that is no language, e.g. 'Billing', 'Mortgage L2', 'Claims Retail VIP'. There are 3,360.
func skillName(k int) string {
	grades, topics, lines := []string{"L2", "L3", "VIP"}, topics(), lines()
	t := len(topics)
	topic, k := topics[k%t], k/t
	switch {
	case k == 0:
		return topic
	case k <= len(grades):
		return topic + " " + grades[k-1]
	}
	k -= 1 + len(grades)
	line, k := lines[k%len(lines)], k/len(lines)
	switch {
	case k == 0:
		return topic + " " + line
	case k <= len(grades):
		return topic + " " + line + " " + grades[k-1]
	}
	return fmt.Sprintf("%s %s %d", topic, line, k)
}

// queueName returns the k-th alias of a queue, e.g. 'VQ_Sales_EN', over so many languages. Aliases repeat after 5 × 40 × languages.
func queueName(prefix string, k, languageCount int) string {
	_, codes := languages()
	topics := topics()
	code, k := codes[k%languageCount], k/languageCount
	topic, k := topics[k%len(topics)], k/len(topics)
	suffix := []string{"", "_VIP", "_Overflow", "_Callback", "_Night"}[k%5]
	return prefix + "_" + strings.ReplaceAll(topic, " ", "") + "_" + code + suffix
}

// wrapUpName returns the k-th system name and display name of a wrap-up code, e.g. 'Billing_Resolved', 'Billing: resolved'. There are 1,000.
func wrapUpName(k int) (name, display string) {
	outcomes := []string{
		"Resolved", "Follow up", "Transferred", "Escalated", "No answer", "Voicemail left", "Wrong number", "Callback booked", "Sale made",
		"Sale lost", "Price objection", "Information given", "Complaint taken", "Payment taken", "Payment promised", "Address changed",
		"Contract sent", "Contract cancelled", "Technical fault", "Engineer booked", "Duplicate call", "Line dropped", "Customer hung up",
		"Identity failed", "Out of scope",
	}
	topic, outcome := topics()[k/len(outcomes)], outcomes[k%len(outcomes)]
	return strings.ReplaceAll(topic+"_"+outcome, " ", "_"), topic + ": " + strings.ToLower(outcome)
}

// login returns what an administrator makes of a name for a user name or an address: lower case, without accents and apostrophes.
func login(first, last string) string {
	fold := strings.NewReplacer(
		"á", "a", "ã", "a", "å", "a", "ä", "ae", "ą", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e", "ğ", "g", "í", "i", "ı", "i",
		"ł", "l", "ñ", "n", "ń", "n", "ó", "o", "ö", "oe", "ø", "o", "ō", "o", "ş", "s", "ś", "s", "ß", "ss", "ú", "u", "ü", "ue", "'", "", " ", "",
		"Á", "a", "Å", "a", "Ç", "c", "É", "e", "Ö", "oe", "Ł", "l", "Ş", "s",
	)
	return strings.ToLower(fold.Replace(first) + "." + fold.Replace(last))
}
