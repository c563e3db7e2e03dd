/** Loads the packages of Nest, which are optional peers, and says which one is missing and how to get it. */
import { NestError } from './errors.ts';

/** `[package]` as Node words it: "Cannot find package 'x' imported from ..." or "Cannot find module 'x'". */
const MISSING = /Cannot find (?:package|module) '([^'./][^']*)'/;

/**
 * @param load an import, as a function, so that its failure is caught here
 * @throws NestError WAYBILL_NEST_PEER_MISSING when a package is not installed; any other failure as it is
 */
export async function loadPeer<Loaded>(usedBy: string, load: () => Promise<Loaded>): Promise<Loaded> {
  try {
    return await load();
  } catch (error) {
    const missing = isNotFound(error) ? MISSING.exec(error.message)?.[1] : undefined;
    if (missing === undefined) throw error;
    throw new NestError(
      'WAYBILL_NEST_PEER_MISSING',
      `${usedBy} needs the package '${missing}', which is not installed: npm install ${missing}`,
      { cause: error },
    );
  }
}

function isNotFound(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}
