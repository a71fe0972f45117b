//! Recipes before there is data: a valid one is valid, what it lacks is told with the one command that fetches just
//! that, and a build passes licences on.

use serde_json::Value;

use crate::fetch::Client;
use crate::harness::Scratch;
use crate::servers::Content;
use crate::servers::plain::Plain;

/// A card of two parts whose licence is `license`, of which `one` lies under `from`.
fn card(name: &str, license: (&str, &str), parts: &[&str], from: &str) -> String {
    let (license, kind) = license;
    let mut card = format!(
        "name = '{name}'\ntitle = {{ en = 'T', zh = '题' }}\nabout = {{ en = 'A', zh = '述' }}\nbest = 'pretrain'\n\
         why = {{ en = 'W', zh = '因' }}\nlanguages = ['zh']\nhomepage = 'https://example.org/{name}'\n\
         [[license]]\nname = '{license}'\nkind = '{kind}'\nsays = 'its page'\n"
    );
    for part in parts {
        card += &format!("[[part]]\nname = '{part}'\nbytes = 1610612736\nrows = 40\n");
    }
    card += &format!("[[way]]\nfrom = '{from}'\n[way.files]\n");
    for part in parts {
        card += &format!("{part} = ['{name}-{part}.jsonl']\n");
    }
    card
}

/// A server with two cards on it, and a recipe that reads a part of each.
fn two_cards() -> (Plain, Client) {
    let plain = Plain::start();
    for file in ["blue-left", "blue-right", "red-all"] {
        let rows: String = (0..4).map(|i| format!("{{\"text\":\"{file} 第{i}篇文章的正文。\"}}\n")).collect();
        plain.put(&format!("/{file}.jsonl"), Content::from(rows));
    }
    let client = Client::new().with("CORPUS_CARDS", "cards");
    let (scratch, from) = (&client.scratch, plain.url("/"));
    scratch.write("cards/blue.toml", card("blue", ("Blue-1.0", "custom"), &["left", "right"], &from));
    scratch.write("cards/red.toml", card("red", ("unstated", "unstated"), &["all"], &from));
    scratch.write(
        "recipe.toml",
        "name = 'r'\n[[source]]\ncard = 'blue'\nparts = ['right']\n[[source]]\ncard = 'red'\n[[stage]]\nrun = 'normalize'\n",
    );
    (plain, client)
}

/// The commands that a text tells to run next.
fn next(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("next: `corpus ")?.strip_suffix('`'));
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

fn words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

#[test]
fn one_command_fetches_just_what_a_recipe_reads() {
    let (plain, client) = two_cards();
    let checked = client.run(&["check", "recipe.toml"]);
    checked.done();
    assert!(
        checked.stdout.contains("ok recipe.toml · 2 sources · 1 stage") && checked.stdout.contains("2 parts to fetch")
    );
    let says = "would fetch 2 parts, about 3.0 GiB, these licences: Blue-1.0 [custom]; unstated";
    assert!(checked.stderr.contains(says), "{}", checked.stderr);
    let chinese = client
        .scratch
        .command(&["check", "recipe.toml"])
        .env("CORPUS_LANG", "zh")
        .env("CORPUS_CARDS", "cards")
        .output();
    let chinese = String::from_utf8(chinese.unwrap().stderr).unwrap();
    assert!(
        chinese.contains("尚未下载：需下载 2 个部分，约 3.0 GiB，许可证：Blue-1.0 [custom]; unstated"),
        "{chinese}"
    );
    let planned = client.run(&["plan", "--recipe", "recipe.toml"]);
    planned.done();
    assert!(planned.stdout.contains(says) && planned.stdout.contains("normalize"), "{}", planned.stdout);
    assert!(planned.stdout.contains("to fetch") && planned.stdout.contains("~1.5 GiB"), "{}", planned.stdout);
    let commands = next(&checked.stderr);
    assert_eq!(commands, next(&planned.stderr));
    let [command] = commands.as_slice() else { panic!("{commands:?}") };
    let right = ["fetch", "blue", "red", "--part", "right", "--accept-license", "blue", "--accept-license", "red"];
    assert_eq!(words(command), right);
    assert!(plain.server.log().is_empty(), "looking asks nobody");
    client.run(&words(command)).done();
    let stored = client.stored();
    assert_eq!(stored.len(), 2, "just what is read: {:?}", stored.keys());
    let checked = client.run(&["check", "recipe.toml"]);
    checked.done();
    assert!(checked.stdout.contains("2 files") && !checked.stdout.contains("to fetch"), "{}", checked.stdout);
    client.run(&["build", "--recipe", "recipe.toml", "--out", "out", "--offline"]).done();
}

#[test]
fn what_is_here_is_looked_at_all_the_same() {
    let (_plain, client) = two_cards();
    client.fetch(&["red", "--accept-license", "red"]).done();
    client.scratch.write("own.jsonl", "{\"text\":\"自己的文章。\"}\n");
    let recipe = std::fs::read_to_string(client.scratch.path("recipe.toml")).unwrap();
    let own = |path: &str| format!("[[source]]\nname = 'own'\npath = ['{path}']\n");
    client.scratch.write("recipe.toml", format!("{recipe}{}", own("own.jsonl")));
    let got = client.run(&["check", "recipe.toml", "--format", "json"]);
    let json: Value = serde_json::from_str(&got.done().stdout).unwrap();
    let found = &json["recipes"][0];
    assert_eq!((&found["ok"], &found["missing"]["sets"][0]["name"]), (&Value::from(true), &Value::from("blue")));
    assert_eq!(found["missing"]["sets"].as_array().unwrap().len(), 1);
    assert_eq!(found["missing"]["command"], "corpus fetch blue --part right --accept-license blue");
    assert_eq!(found["mappings"].as_array().unwrap().len(), 2, "{found}");
    let got = client.run(&["plan", "--recipe", "recipe.toml", "--format", "json"]);
    let json: Value = serde_json::from_str(&got.done().stdout).unwrap();
    assert_eq!((&json["estimate"], &json["missing"]["bytes"]), (&Value::Null, &Value::from(1_610_612_736_u64)));
    // A path that is not there is a fault of the recipe, whatever else is to be fetched.
    client.scratch.write("recipe.toml", format!("{recipe}{}", own("gone.jsonl")));
    client.run(&["check", "recipe.toml"]).failed(&["gone.jsonl", "would fetch 1 part"]);
}

#[test]
fn a_build_passes_licences_on() {
    let (plain, client) = two_cards();
    let build = |more: &[&str]| client.run(&[&["build", "--recipe", "recipe.toml", "--out", "out"], more].concat());
    let offline = build(&["--offline"]);
    let fetch = "corpus fetch blue red --part right --accept-license blue --accept-license red";
    offline.failed(&["the store", "blue (right); red (all)", fetch]);
    // All licences at once, before anything is fetched, and the command that goes on.
    let refused = build(&["--accept-license", "green"]);
    let on =
        "corpus build --recipe recipe.toml --out out --accept-license green --accept-license blue --accept-license red";
    refused.failed(&["Blue-1.0", "unstated", on]);
    assert!(plain.server.log().is_empty());
    build(&["--accept-license", "blue"]).failed(&["the licence of red", "--accept-license blue --accept-license red"]);
    build(&["--accept-license", "blue", "--accept-license", "unstated"]).done();
    let stored = client.stored();
    assert_eq!(stored.len(), 2, "{:?}", stored.keys());
}

/// Every shipped recipe is valid on a machine that has nothing, and its command is one that `fetch` takes, for these
/// parts and no others.
#[test]
fn shipped_recipes_are_valid_before_there_is_data() {
    let scratch = Scratch::new();
    let (mut fetched, mut lacking) = (0, 0);
    for name in corpus::recipe::SHIPPED.iter().map(|(name, _)| name) {
        let run = scratch.corpus(&["check", name, "--format", "json"]);
        assert_eq!(run.code(), 0, "{name}: {}{}", run.stdout(), run.stderr());
        let json: Value = serde_json::from_str(&run.stdout()).unwrap();
        let missing = &json["recipes"][0]["missing"];
        if missing.is_null() {
            continue;
        }
        lacking += 1;
        let planned = scratch.corpus(&["plan", "--recipe", name]);
        assert_eq!(planned.code(), 0, "{name}: {}", planned.stderr());
        let Some(command) = missing["command"].as_str() else { continue };
        fetched += 1;
        let arguments: Vec<&str> = command.split_whitespace().skip(1).chain(["--dry-run", "--offline"]).collect();
        let run = scratch.corpus(&[&arguments[..], &["--format", "json"]].concat());
        assert_eq!(run.code(), 0, "{name}: {command}: {}", run.stderr());
        let plan: Value = serde_json::from_str(&run.stdout()).unwrap();
        let parts = |sets: &Value, name: &str, hand: bool| -> Vec<String> {
            let of = |set: &Value| -> Vec<String> {
                let parts = set["parts"].as_array().unwrap().iter();
                let by_hand = |p: &&Value| hand && set["by_hand"]["parts"].as_array().is_some_and(|h| h.contains(p));
                let word = |p: &Value| p.as_str().or(p["part"].as_str()).unwrap().to_owned();
                parts.filter(|p| !by_hand(p)).map(|p| format!("{}/{}", set[name].as_str().unwrap(), word(p))).collect()
            };
            let mut all: Vec<String> = sets.as_array().unwrap().iter().flat_map(of).collect();
            all.sort();
            all
        };
        assert_eq!(parts(&plan["sets"], "name", false), parts(&missing["sets"], "name", true), "{name}: {command}");
        let asked = |set: &Value| set["parts"].as_array().unwrap().iter().any(|p| p["to_accept"] == true);
        assert!(!plan["sets"].as_array().unwrap().iter().any(asked), "{name}: {command}: {plan}");
    }
    assert!(fetched > 10 && lacking >= fetched, "{fetched} of {lacking}");
}

/// What fails while a build fetches is told with the command that has the options that are named.
#[test]
fn a_build_that_cannot_fetch_names_the_command_that_can() {
    let (plain, client) = two_cards();
    plain.server.always("/blue-right.jsonl", crate::servers::Fault::Loop);
    let build =
        ["build", "--recipe", "recipe.toml", "--out", "out", "--accept-license", "blue", "--accept-license", "red"];
    let fetch = "corpus fetch blue red --part right --accept-license blue --accept-license red";
    client.run(&build).failed(&["blue-right.jsonl", "redirects in a circle", "all options of a fetch apply", fetch]);
}

/// An address that nobody licenses is told with the cards, before anybody is asked.
#[test]
fn all_licences_are_told_at_once() {
    let (plain, client) = two_cards();
    let url = plain.url("/red-all.jsonl");
    let got = client.run(&["fetch", "blue", "red", &url, "--part", "left"]);
    got.failed(&[
        &format!("the licences of blue, red, {url} have to be accepted"),
        "--accept-license blue --accept-license red --accept-license unstated",
    ]);
    assert!(plain.server.log().is_empty());
}
