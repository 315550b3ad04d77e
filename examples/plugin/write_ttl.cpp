// Usage: write_ttl FOLDER BINARY — writes the description of the LV2 plug-in, whose shared object is
// FOLDER/BINARY.
#include <cstdio>
#include <fstream>
#include <string>

#include "parameters.hpp"

int main(int argc, char** argv) {
  using namespace companion;
  if (argc != 3) {
    std::fputs("usage: write_ttl FOLDER BINARY\n", stderr);
    return 1;
  }
  const std::string folder = argv[1], subject = "<" + std::string(kUri) + ">\n";
  std::ofstream manifest(folder + "/manifest.ttl");
  manifest << "@prefix lv2: <http://lv2plug.in/ns/lv2core#> .\n"
              "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n\n"
           << subject << "\ta lv2:Plugin ;\n\tlv2:binary <" << argv[2]
           << "> ;\n\trdfs:seeAlso <companion.ttl> .\n";

  std::ofstream ttl(folder + "/companion.ttl");
  ttl << R"(@prefix atom: <http://lv2plug.in/ns/ext/atom#> .
@prefix doap: <http://usefulinc.com/ns/doap#> .
@prefix log: <http://lv2plug.in/ns/ext/log#> .
@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix midi: <http://lv2plug.in/ns/ext/midi#> .
@prefix patch: <http://lv2plug.in/ns/ext/patch#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix state: <http://lv2plug.in/ns/ext/state#> .
@prefix time: <http://lv2plug.in/ns/ext/time#> .
@prefix urid: <http://lv2plug.in/ns/ext/urid#> .
@prefix work: <http://lv2plug.in/ns/ext/worker#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

)"
      << "<" << kUri << R"(#model>
	a lv2:Parameter ;
	rdfs:label "Model" ;
	rdfs:comment "A model of music that gruve has trained, a .safetensors file" ;
	rdfs:range atom:Path .

)" << subject
      << R"(	a lv2:Plugin , lv2:MIDIPlugin ;
	doap:name ")"
      << kName << R"(" ;
	doap:license <https://spdx.org/licenses/MIT> ;
	rdfs:comment "Continues what is played, or plays alone." ;
	lv2:minorVersion 0 ;
	lv2:microVersion 1 ;
	lv2:requiredFeature urid:map ;
	lv2:optionalFeature lv2:hardRTCapable , log:log , work:schedule , state:threadSafeRestore ;
	lv2:extensionData state:interface , work:interface ;
	patch:writable <)"
      << kUri << R"(#model> ;
	lv2:port [
		a lv2:InputPort , atom:AtomPort ;
		atom:bufferType atom:Sequence ;
		atom:supports midi:MidiEvent , time:Position , patch:Message ;
		lv2:designation lv2:control ;
		lv2:index 0 ;
		lv2:symbol "in" ;
		lv2:name "In"
	] , [
		a lv2:OutputPort , atom:AtomPort ;
		atom:bufferType atom:Sequence ;
		atom:supports midi:MidiEvent , patch:Message ;
		lv2:designation lv2:control ;
		lv2:index 1 ;
		lv2:symbol "out" ;
		lv2:name "Out"
	])";
  int index = 2;
  for (const Parameter& parameter : kParameters) {
    ttl << " , [\n\t\ta lv2:InputPort , lv2:ControlPort ;\n\t\tlv2:index " << index++
        << " ;\n\t\tlv2:symbol \"" << parameter.symbol << "\" ;\n\t\tlv2:name \"" << parameter.name
        << "\" ;\n\t\tlv2:minimum " << parameter.lowest << " ;\n\t\tlv2:maximum " << parameter.highest
        << " ;\n\t\tlv2:default " << parameter.initial;
    if (parameter.is_integer) ttl << " ;\n\t\tlv2:portProperty lv2:integer";
    if (!parameter.choices.empty()) ttl << " ;\n\t\tlv2:portProperty lv2:enumeration";
    for (std::size_t i = 0; i < parameter.choices.size(); ++i)
      ttl << " ;\n\t\tlv2:scalePoint [ rdfs:label \"" << parameter.choices[i] << "\" ; rdf:value " << i
          << " ]";
    ttl << "\n\t]";
  }
  ttl << " .\n";
  manifest.flush(), ttl.flush();
  if (manifest && ttl) return 0;
  std::fprintf(stderr, "%s: can't be written to\n", argv[1]);
  return 1;
}
