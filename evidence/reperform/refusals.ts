/** A landed page that is not what its name or its stream says. The message names it. */
export class PageRefused extends Error {
  override readonly name = 'PageRefused';
}

/** A policy file that cannot be read as one. The message names file and key. */
export class PolicyRefused extends Error {
  override readonly name = 'PolicyRefused';
}
