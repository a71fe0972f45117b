//! The plans that a build runs: what passes which operator, that all of them can be shipped, and that nothing is
//! evaluated twice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arrow::datatypes::DataType;
use corpus::engine::codec::Codec;
use corpus::engine::functions::rows::EVALUATED;
use corpus::pipeline::{self, Options, Progress};
use corpus::recipe::Recipe;
use corpus::rows::{self, Use};
use datafusion_execution::TaskContext;
use datafusion_physical_plan::{ExecutionPlan, displayable};
use datafusion_proto::bytes::{
    physical_plan_from_bytes_with_extension_codec, physical_plan_to_bytes_with_extension_codec,
};

use serde_json::json;

use crate::harness::{Scratch, json_lines, same_output};

struct Silent;

impl Progress for Silent {
    fn phase(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn done(&self, _: &str) {}
}

/// One test at a time counts evaluated rows: the count is of the whole process.
static COUNTING: Mutex<()> = Mutex::new(());

type Plans = Vec<Arc<dyn ExecutionPlan>>;

/// Runs a recipe in this process; gives back every plan that ran, and what was built.
fn plans_of(recipe: &str, sets: &[String], scratch: &Scratch) -> (Plans, pipeline::Built) {
    plans_run(&corpus::recipe::load(recipe, sets).unwrap(), scratch)
}

fn plans_run(recipe: &Recipe, scratch: &Scratch) -> (Plans, pipeline::Built) {
    let seen: Arc<Mutex<Plans>> = Arc::default();
    let watched = seen.clone();
    let options = Options {
        out: scratch.path("out"),
        work: scratch.path("work"),
        threads: 2,
        memory: 1 << 30,
        unit: 64 << 10,
        reuse: None,
        fresh: false,
        keep_work: false,
        work_limit: None,
        replace: false,
        stop: Arc::new(AtomicBool::new(false)),
        worker: None,
        cluster: None,
        watch: Some(Arc::new(move |plan| watched.lock().unwrap().push(plan.clone()))),
    };
    let built = pipeline::run(recipe, &options, &Silent).unwrap();
    let plans = std::mem::take(&mut *seen.lock().unwrap());
    (plans, built)
}

fn each(plan: &Arc<dyn ExecutionPlan>, act: &mut impl FnMut(&Arc<dyn ExecutionPlan>)) {
    act(plan);
    plan.children().into_iter().for_each(|child| each(child, act));
}

/// Columns that hold text of rows: content, however nested.
fn carries_text(plan: &Arc<dyn ExecutionPlan>) -> Option<String> {
    let content: Vec<String> =
        Use::ALL.iter().flat_map(|u| rows::content(*u)).map(|f| f.name().clone()).filter(|n| n != "label").collect();
    let text = |t: &DataType| matches!(t, DataType::Utf8 | DataType::List(_) | DataType::Struct(_));
    let schema = plan.schema();
    let field = schema.fields().iter().find(|f| content.contains(f.name()) && text(f.data_type()))?;
    Some(field.name().clone())
}

fn check(plans: &Plans) {
    assert!(plans.len() >= 4, "scan, judge, layout, apply at the least");
    for plan in plans {
        each(plan, &mut |node| {
            let moves = ["Sort", "Hash", "Repartition", "Coalesce", "Shuffle", "Aggregate"];
            if moves.iter().any(|m| node.name().starts_with(m)) {
                for child in node.children() {
                    let text = carries_text(child);
                    assert_eq!(
                        text,
                        None,
                        "{} moves text in\n{}",
                        node.name(),
                        displayable(plan.as_ref()).indent(true)
                    );
                }
            }
        });
        let bytes = physical_plan_to_bytes_with_extension_codec(plan.clone(), &Codec).unwrap();
        let back = physical_plan_from_bytes_with_extension_codec(&bytes, &TaskContext::default(), &Codec).unwrap();
        let show = |p: &Arc<dyn ExecutionPlan>| displayable(p.as_ref()).indent(true).to_string();
        assert_eq!(show(plan), show(&back));
        assert_eq!(plan.schema(), back.schema());
        let again = physical_plan_to_bytes_with_extension_codec(back, &Codec).unwrap();
        assert_eq!(bytes, again, "a second trip changed {}", show(plan));
    }
}

#[test]
fn quickstart_ships_and_moves_no_text() {
    let _one = COUNTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let scratch = Scratch::new();
    let (plans, _) = plans_of("quickstart", &[], &scratch);
    check(&plans);
}

/// `zh-pretrain` over files of ours in the sets' original layouts.
#[test]
fn zh_pretrain_ships_and_moves_no_text() {
    let _one = COUNTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let scratch = Scratch::new();
    let lines = |row: &dyn Fn(u64, String) -> serde_json::Value, of: u64| -> String {
        (0..200).map(|i| format!("{}\n", row(i, crate::harness::document(i + of * 150)))).collect()
    };
    let wiki = lines(&|i, text| json!({"id": i.to_string(), "url": "u", "title": "题", "text": text}), 0);
    let news = lines(&|i, text| json!({"news_id": format!("n{i}"), "title": "题", "content": text}), 1);
    let baike = lines(&|i, text| json!({"qid": i, "category": "类", "title": "问", "desc": "", "answer": text}), 2);
    let web = lines(
        &|i, text| json!({"qid": i, "title": "问", "desc": "", "topic": "", "star": 3, "content": text, "answer_id": i}),
        3,
    );
    let files = [
        ("wiki2019zh", "wiki_zh/AA/wiki_00", wiki),
        ("news2016zh", "news2016zh_train.json", news),
        ("baike2018qa", "baike_qa_train.json", baike),
        ("webtext2019zh", "web_text_zh_train.json", web),
    ];
    let store = scratch.store("nlp_chinese_corpus", "drive:", "-", &files);
    let mut recipe = corpus::recipe::load("zh-pretrain", &[]).unwrap();
    corpus::pipeline::inputs::store_sources::resolve(&mut recipe, &store).unwrap();
    let (plans, built) = plans_run(&recipe, &scratch);
    assert!(built.manifest.totals.kept > 0);
    assert_eq!(built.manifest.totals.unreadable, 0);
    check(&plans);
}

#[test]
fn every_row_is_evaluated_once_a_pass() {
    let _one = COUNTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(1_000));
    let recipe = scratch.write(
        "recipe.toml",
        "name='once'\nabout='x'\n[[source]]\nname='d'\npath=['docs.jsonl']\nuse='pretrain'\n[[stage]]\nrun='normalize'\n\
         [[stage]]\nrun='language'\n[[stage]]\nrun='keep'\nchars={min=10}\nhan_ratio={min=0.1}\nlanguage={in=['zh']}\n\
         [[stage]]\nrun='exact_dedup'\n",
    );
    let before = EVALUATED.load(Ordering::Relaxed);
    let (plans, _) = plans_of(recipe.to_str().unwrap(), &[], &scratch);
    // Once where signals are measured, and once where the cleaned text is written.
    assert_eq!(EVALUATED.load(Ordering::Relaxed) - before, 2_000);
    check(&plans);
}

/// Behind a stage that cuts text only the rows that lost something are measured again, and those again that lose something
/// under another threshold.
#[test]
fn only_rows_that_were_cut_are_measured_again() {
    let _one = COUNTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let docs: String = (0..1_000)
        .map(|i| {
            let cut = if i % 20 == 7 {
                "\n关注我们的公众号，获取更多精彩内容，请点击这里"
            } else {
                ""
            };
            format!("{}\n", serde_json::json!({"text": format!("{}{cut}", crate::harness::document(i))}))
        })
        .collect();
    let recipe = "name='cut'\n[[source]]\nname='d'\npath=['docs.jsonl']\nuse='pretrain'\n[[stage]]\nrun='keep'\n\
                  chars={min=30}\n[[stage]]\nrun='line_dedup'\n[[stage]]\nrun='words'\ncolumn=true\n[[stage]]\n\
                  run='exact_dedup'\n";
    let scratch = || {
        let scratch = Scratch::new();
        scratch.write("docs.jsonl", &docs);
        let recipe = scratch.write("recipe.toml", recipe);
        (scratch, recipe.to_str().unwrap().to_owned())
    };
    let evaluated = |scratch: &Scratch, recipe: &str, least: u32| {
        let before = EVALUATED.load(Ordering::Relaxed);
        let (plans, built) = plans_of(recipe, &[format!("keep.chars.min={least}")], scratch);
        check(&plans);
        assert!(built.manifest.totals.kept > 500);
        EVALUATED.load(Ordering::Relaxed) - before
    };
    let (one, recipe) = scratch();
    assert_eq!(evaluated(&one, &recipe, 30), 1_000 + 50);
    assert!(one.built("out").column("data/pretrain", "text").iter().all(|text| !text.contains("公众号")));
    assert!(evaluated(&one, &recipe, 60) <= 50);
    let (fresh, recipe) = scratch();
    assert!(evaluated(&fresh, &recipe, 60) > 1_000);
    same_output(&one.built("out"), &fresh.built("out"), "rows measured again, and a build at once");
}

#[test]
fn a_mix_and_a_shuffle_ship() {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", json_lines(300));
    scratch.write("b.jsonl", json_lines(200));
    let recipe = scratch.write(
        "recipe.toml",
        "name='mix'\n[mix]\nby='chars'\n[[source]]\nname='a'\npath=['a.jsonl']\nuse='pretrain'\nweight=1\nrepeat=2.5\n\
         [[source]]\nname='b'\npath=['b.jsonl']\nuse='pretrain'\nweight=4\nrepeat=3\n[[stage]]\nrun='shuffle'\n",
    );
    let (plans, built) = plans_of(recipe.to_str().unwrap(), &[], &scratch);
    assert!(built.manifest.totals.added > 0 && built.manifest.totals.dropped > 0);
    check(&plans);
}

/// What is cut is joined to the text that is read, and moves none of it.
#[test]
fn cuts_ship_and_move_no_text() {
    let _one = COUNTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(1_000));
    scratch.write("eval.jsonl", json_lines(20));
    scratch.write("ids.txt", "d3\n");
    let recipe = scratch.write(
        "recipe.toml",
        "name='cuts'\nabout='x'\n[[source]]\nname='d'\npath=['docs.jsonl']\nuse='pretrain'\n[[stage]]\nrun='block'\n\
         ids='ids.txt'\n[[stage]]\nrun='decontaminate'\nagainst=['eval.jsonl']\n[[stage]]\nrun='line_dedup'\n\
         documents=2\nmin_chars=3\n[[stage]]\nrun='substring_dedup'\nmin_chars=20\n[[stage]]\nrun='near_dedup'\n",
    );
    let (plans, built) = plans_of(recipe.to_str().unwrap(), &[], &scratch);
    let dropped: Vec<&str> = built.manifest.reasons.iter().map(|r| r.reason.as_str()).collect();
    assert!(["blocked_id", "contaminated"].iter().all(|r| dropped.contains(r)), "{dropped:?}");
    assert!(built.manifest.cuts[0].rows > 0);
    check(&plans);
}
