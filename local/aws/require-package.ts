/** Loads a package where it is used, for those that only some runs need: each costs every start some 20 ms. */
import { createRequire } from 'node:module';

/** Later calls for the same package find it loaded. */
export const requirePackage = createRequire(import.meta.url);
