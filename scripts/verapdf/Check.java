// Says whether a PDF keeps PDF/UA-1, and each rule that it breaks: java -cp "JARS/*" Check.java FILE

import java.io.FileInputStream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;

public class Check {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        var rules = PDFAFlavour.fromString("ua1");
        var foundry = Foundries.defaultInstance();
        try (var parser = foundry.createParser(new FileInputStream(files[0]), rules)) {
            var found = foundry.createValidator(rules, false).validate(parser);
            for (var one : found.getTestAssertions()) {
                if (one.getStatus() == TestAssertion.Status.FAILED) {
                    System.out.println(one.getRuleId().getClause() + " " + one.getMessage());
                }
            }
            System.out.println(found.getTotalAssertions() + " checks, kept: " + found.isCompliant());
        }
    }
}
