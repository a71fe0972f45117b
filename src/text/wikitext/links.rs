//! `[[ ]]`: what a reader sees of a link to another page.

/// Namespaces of pictures and sounds, whose links show no text.
const FILES: &[&str] = &[
    "file",
    "image",
    "文件",
    "档案",
    "檔案",
    "图像",
    "圖像",
    "ファイル",
    "画像",
    "파일",
    "datei",
    "bild",
    "fichier",
    "archivo",
    "файл",
    "ملف",
];
/// Namespaces of categories, which stand at the foot of the page.
const CATEGORIES: &[&str] =
    &["category", "分类", "分類", "カテゴリ", "분류", "kategorie", "catégorie", "categoría", "категория", "تصنيف"];
/// Wikipedia's languages: links to them stand beside the page, not in it.
const LANGUAGES: &str = " aa ab ace ady af ak als alt am ami an ang ann anp ar arc ary arz as ast atj av avk awa ay az azb \
    ba ban bar bat-smg bbc bcl bdr be be-tarask be-x-old bew bg bh bi bjn blk bm bn bo bpy br bs btm bug bxr ca cbk-zam \
    cdo ce ceb ch cho chr chy ckb co cr crh cs csb cu cv cy da dag de dga din diq dsb dtp dty dv dz ee el eml en eo es et \
    eu ext fa fat ff fi fiu-vro fj fo fon fr frp frr fur fy ga gag gan gcr gd gl glk gn gom gor got gpe gsw gu guc gur \
    guw gv ha hak haw he hi hif ho hr hsb ht hu hy hyw hz ia iba id ie ig igl ii ik ilo inh io is it iu ja jam jbo jv ka \
    kaa kab kbd kbp kcg kg kge ki kj kk kl km kn knc ko koi kr krc ks ksh ku kus kv kw ky la lad lb lbe lez lfn lg li lij \
    lld lmo ln lo lrc lt ltg lv lzh mad mai map-bms mdf mg mh mhr mi min mk ml mn mni mnw mo mos mr mrj ms mt mus mwl my \
    myv mzn na nah nan nap nds nds-nl ne new ng nia nl nn no nostalgia nov nqo nr nrm nso nup nv ny oc olo om or os pa \
    pag pam pap pcd pcm pdc pfl pi pih pl pms pnb pnt ps pt pwn qu rm rmy rn ro roa-rup roa-tara rsk ru rue rw sa sah sat \
    sc scn sco sd se sg sgs sh shi shn si simple sk skr sl sm smn sn so sq sr srn ss st stq su sv sw szl szy ta tay tcy \
    tdd te tet tg th ti tig tk tl tly tn to tok tpi tr trv ts tt tum tw ty tyv udm ug uk ur uz ve vec vep vi vls vo vro \
    wa war wo wuu xal xh xmf yi yo yue za zea zgh zh zh-classical zh-min-nan zh-yue zu ";

/// The visible text of `[[target|label]]`; nothing where a reader sees none.
pub(super) fn shown<'a>(target: &'a str, label: Option<&'a str>, wiki: &super::Options) -> Option<&'a str> {
    let bare = target.trim_matches(super::is_void);
    let inline = bare.strip_prefix(':').map(str::trim_start);
    let bare = inline.unwrap_or(bare);
    let namespace = bare.split_once(':').map(|(n, _)| n.trim());
    if inline.is_none()
        && let Some(namespace) = namespace
    {
        let name = namespace.replace('_', " ").to_lowercase();
        let own = || wiki.files.contains(&name) || wiki.categories.contains(&name);
        let language =
            || name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && LANGUAGES.contains(&format!(" {name} "));
        if FILES.contains(&name.as_str()) || CATEGORIES.contains(&name.as_str()) || own() || language() {
            return None;
        }
    }
    match label {
        None => Some(bare),
        Some(label) if !label.trim_matches(super::is_void).is_empty() => Some(label),
        Some(_) => Some(tricked(bare)),
    }
    .filter(|shown| !shown.is_empty())
}

/// `[[a (b)|]]`, `[[a, b|]]`, `[[ns:a|]]` show `a`.
fn tricked(target: &str) -> &str {
    let name = target.split_once(':').map_or(target, |(_, name)| name).trim();
    let cut = if name.ends_with(')') {
        name.rfind(" (")
    } else if name.ends_with('）') {
        name.rfind('（')
    } else {
        name.find(", ")
    };
    cut.filter(|at| *at > 0).map_or(name, |at| name[..at].trim_end())
}
