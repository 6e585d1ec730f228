import fc from 'fast-check';

/**
 * Property tests draw the same cases each time, so that a change is judged by what it changes; `npm run nightly` draws others and
 * says by which seed.
 */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.DECANT_PROPERTY_SEED ?? 1) });
