import { createRequire } from "node:module";
import type * as iso from "i18n-iso-countries";

type Countries = typeof iso;
const require = createRequire(import.meta.url);
let loaded: Countries | undefined;
const languages = new Set<string>();

/** Common variants that are neither ISO 3166 codes nor names in its lists. */
const VARIANTS: Readonly<Record<string, string>> = {
  uk: "GB",
  el: "GR",
  england: "GB",
  scotland: "GB",
  wales: "GB",
  "northern ireland": "GB",
  britain: "GB",
  "united kingdom of great britain and northern ireland": "GB",
  holland: "NL",
  "viet nam": "VN",
  macedonia: "MK",
  burma: "MM",
  swaziland: "SZ",
  "cape verde": "CV",
  uae: "AE",
  "the united states of america": "US",
  "the united states": "US",
};

/** The countries of ISO 3166, loaded on first use, with names in English and another requested language. */
function countries(language: string): Countries {
  loaded ??= require("i18n-iso-countries/index.js") as Countries;
  for (const each of ["en", language]) {
    if (languages.has(each)) continue;
    if (!loaded.getSupportedLanguages().includes(each))
      throw new RangeError("the language of $country must be an ISO 639-1 code, such as de");
    loaded.registerLocale(require(`i18n-iso-countries/langs/${each}.json`) as iso.LocaleData);
    languages.add(each);
  }
  return loaded;
}

/** The alpha-2 code of a country, given by code or name. */
function alpha2Of(given: string, language: string, list: Countries): string | undefined {
  const code = given.toUpperCase();
  const variant = Object.hasOwn(VARIANTS, given.toLowerCase()) ? VARIANTS[given.toLowerCase()] : undefined;
  if (variant) return variant;
  if (/^[A-Z]{2}$/.test(code) && list.alpha2ToAlpha3(code)) return code;
  if (/^[A-Z]{3}$/.test(code) && list.alpha3ToAlpha2(code)) return list.alpha3ToAlpha2(code);
  if (/^\d{1,3}$/.test(code)) return list.numericToAlpha2(code.padStart(3, "0"));
  return list.getSimpleAlpha2Code(given, "en") ?? list.getSimpleAlpha2Code(given, language);
}

/**
 * `$country(text, form, language?)`: a country by ISO 3166, as `"alpha2"` (GB), `"alpha3"` (GBR), `"numeric"` (826) or `"name"` (United
 * Kingdom). Accepts any of these, common variants such as UK, and names in English or `language`. Nothing if it is not a country.
 */
export function country(text: unknown, form: unknown = "alpha2", language: unknown = "en"): string | undefined {
  if (text === undefined || text === null) return undefined;
  const given = String(text).trim();
  const list = countries(String(language));
  const code = given === "" ? undefined : alpha2Of(given, String(language), list);
  switch (form) {
    case "alpha2":
      return code;
    case "alpha3":
      return code && list.alpha2ToAlpha3(code);
    case "numeric":
      return code && list.alpha2ToNumeric(code);
    case "name":
      return code && list.getName(code, String(language), { select: "official" });
    default:
      throw new RangeError("the form of $country must be one of alpha2, alpha3, numeric, name");
  }
}
