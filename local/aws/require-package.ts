/**
 * Loads a package where it is used, for those that only some runs need: each costs every start some 20 ms, and
 * who imports the library for something else does not install it.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Later calls for the same package find it loaded.
 *
 * @throws MissingPackageError when it is not installed
 */
export function requirePackage(name: string): unknown {
  try {
    return require(name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    throw new MissingPackageError(name, cause);
  }
}

/** A package that `waybill` needs for this and does not install itself. */
export class MissingPackageError extends Error {
  readonly code = 'WAYBILL_PACKAGE_MISSING';

  constructor(name: string, cause?: unknown) {
    super(`the package '${name}' is not installed: npm install --save-dev ${name}`, { cause });
    this.name = 'MissingPackageError';
  }
}
