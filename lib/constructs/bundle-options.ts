/**
 * How every handler is bundled: one set of esbuild options, shared by the constructs, the local run and the
 * bundle benchmark, so that what is measured is what is deployed.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

/** The managed Lambda runtime the bundles are made for. */
const BUNDLE_TARGET = 'node24';

/** True when Waybill itself runs from its TypeScript sources, false when it is installed as a package. */
const fromSource = import.meta.url.endsWith('.ts');

/** The handlers that the library brings; the package has each as a bundle, so that deploying them takes no bundler. */
export const LIBRARY_HANDLERS = ['outbox-relay', 'kafka-topics'] as const;

/** The entry of one of the library's handlers: its source in this repository, its bundle in the package. */
export function libraryEntry(handler: (typeof LIBRARY_HANDLERS)[number]): string {
  const place = fromSource ? `../../lambda/handlers/${handler}.ts` : `../../bundles/${handler}/index.cjs`;
  return fileURLToPath(new URL(place, import.meta.url));
}

/** True for a file of the package that is a bundle already. */
export function isLibraryBundle(entry: string): boolean {
  return !fromSource && LIBRARY_HANDLERS.some((handler) => libraryEntry(handler) === entry);
}

/**
 * The esbuild options of a Lambda bundle, without entry points and output folder.
 *
 * | option | why |
 * |---|---|
 * | SDK bundled | the copy in Lambda's image changes version under you, and loading it is not faster |
 * | `mainFields` module first | the SDK's ES modules shake: 332 KB instead of 489 KB for SQS and SNS |
 * | `format` cjs | starts about a quarter faster than an ES module of the same size |
 * | `.cjs` | read as CommonJS wherever the file lies, also below a `"type": "module"` package |
 * | credential alias | Lambda puts credentials in the environment; the SSO, STS and profile clients are dead weight |
 * | Kafka client | reads a file beside itself, by `import.meta.url`: it gets its variant with the file inside |
 * | `conditions` | `waybill/runtime` is read from source in this repository; `module` is esbuild's own default |
 */
export function bundleOptions(): BuildOptions {
  return {
    bundle: true,
    minify: true,
    platform: 'node',
    target: BUNDLE_TARGET,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    mainFields: ['module', 'main'],
    conditions: fromSource ? ['waybill-source', 'module'] : ['module'],
    alias: { '@aws-sdk/credential-provider-node': runtimeFile('environment-credentials'), ...kafkaClient() },
    define: { 'import.meta.url': '__filename' },
    sourcemap: false,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
  };
}

/** Of a process in a container, whose credentials end while it lives: the SDK's own provider reads them again. */
export function containerBundleOptions(): BuildOptions {
  return { ...bundleOptions(), alias: kafkaClient() };
}

/** The WebAssembly of `@platformatic/kafka`, in a variant without a file beside it. Nothing where it is not installed. */
function kafkaClient(): Record<string, string> {
  const name = '@platformatic/wasm-utils';
  try {
    const client = createRequire(import.meta.url).resolve('@platformatic/kafka');
    return { [name]: createRequire(client).resolve(`${name}/bundled`) };
  } catch {
    return {};
  }
}

/** A file of the runtime, of the sources or of the package. */
export function runtimeFile(name: string): string {
  const extension = fromSource ? 'ts' : 'js';
  return fileURLToPath(new URL(`../../lambda/runtime/${name}.${extension}`, import.meta.url));
}
