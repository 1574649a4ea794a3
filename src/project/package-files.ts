/** The files of one package, by what their folder means. */
import { error, warning } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile } from "../diagnostics/diagnostic.ts";
import { lineSpan } from "../diagnostics/format.ts";
import { makeIgnore } from "./ignore.ts";
import { readSeedFile } from "./seed-file.ts";
import type { PackageFiles, ProjectConfig } from "./types.ts";
import { listFiles, readSource, readSources } from "./walk.ts";

export interface FoundFiles {
  readonly files: PackageFiles;
  /** `.yml` and `.yaml` files below every folder but docs. */
  readonly properties: readonly SourceFile[];
}

export async function findFiles(
  root: string,
  paths: ProjectConfig["paths"],
  problems: Diagnostic[],
  hashedSeedBytes?: number,
): Promise<FoundFiles> {
  const ignoreFile = await readSource(root, ".dbtignore");
  const ignored = makeIgnore(ignoreFile?.text ?? "");
  const texts = new Map<string, Promise<SourceFile[]>>();

  /** Files of some endings below some folders, each once. */
  const under = async (folders: readonly string[], ending: RegExp): Promise<string[]> => {
    const lists = await Promise.all(folders.map((folder) => listFiles(root, folder, ignored)));
    return [...new Set(lists.flat().filter((path) => ending.test(path)))];
  };
  const read = async (folders: readonly string[], ending: RegExp): Promise<SourceFile[]> => {
    const key = `${folders.join("\n")}\n${ending.source}`;
    const known = texts.get(key) ?? under(folders, ending).then((list) => readSources(root, list));
    texts.set(key, known);
    return known;
  };

  const [models, seedPaths, snapshots, analyses, macros, tests, docs, properties, python, fixtures, functions] =
    await Promise.all([
      read(paths.models, /\.sql$/i),
      under(paths.seeds, /\.csv$/i),
      read(paths.snapshots, /\.sql$/i),
      read(paths.analyses, /\.sql$/i),
      read(paths.macros, /\.sql$/i),
      read(paths.tests, /\.sql$/i),
      read(paths.docs, /\.md$/i),
      read(propertyFolders(paths), /\.ya?ml$/i),
      under(paths.models, /\.py$/i),
      read(
        paths.tests.map((folder) => `${folder}/fixtures`),
        /\.(?:csv|sql)$/i,
      ),
      read(paths.functions, /\.(?:sql|py|js)$/i),
    ]);
  const seeds = await Promise.all(seedPaths.map((path) => readSeedFile(root, path, hashedSeedBytes)));
  for (const path of python) problems.push(await pythonModel(root, path));
  const below = (file: SourceFile, folder: string): boolean =>
    paths.tests.some((tests) => file.path.startsWith(`${tests}/${folder}/`));
  const files: PackageFiles = {
    models,
    seeds,
    snapshots,
    analyses,
    macros,
    tests: tests.filter((file) => !below(file, "generic") && !below(file, "fixtures")),
    genericTests: tests.filter((file) => below(file, "generic")),
    docs,
    fixtures,
    functions,
  };
  for (const file of properties)
    if (file.text.includes("\0")) problems.push(error("yaml-syntax", "This is no text file.", lineSpan(file, 1)));
  return { files, properties: properties.filter((file) => !file.text.includes("\0")) };
}

const propertyFolders = (paths: ProjectConfig["paths"]): string[] => [
  ...new Set(
    [paths.models, paths.seeds, paths.snapshots, paths.analyses, paths.macros, paths.tests, paths.functions].flat(),
  ),
];

async function pythonModel(root: string, path: string): Promise<Diagnostic> {
  const file = await readSource(root, path);
  const notes = ["PostgreSQL has no Python models: write it in SQL, or name it in .dbtignore"];
  return warning("python-model", `${path} is a Python model, which is ignored.`, file && lineSpan(file, 1), notes);
}
